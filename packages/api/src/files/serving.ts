import { basename, extname } from 'node:path/posix';
import { typeOfKey } from '@synap/storage';
import { create } from 'content-disposition';

/** What a browser may show in place, and runs nothing of under the headers below. */
const INLINE = /^(?:image\/(?:png|apng|jpeg|gif|webp|avif|svg\+xml)|audio\/|video\/|application\/pdf|text\/)/;

/** Markup and data that a browser would interpret; they are shown as the text they are. */
const SHOWN_AS_TEXT = /^(?:text\/html|application\/(?:xml|json|x-ndjson))\b/;

const SVG = 'image/svg+xml';
const PLAIN = 'text/plain; charset=utf-8';

/** The `Content-Type` that an object is served with. */
export function servedType(key: string): string {
  const type = typeOfKey(key);
  return SHOWN_AS_TEXT.test(type) ? PLAIN : type;
}

/** Characters that turn the reading direction, and could make `exe.png` of `gnp.exe`; and those that show nothing. */
const TREACHEROUS = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
/** What some system does not take in a file's name. */
const NOT_IN_NAMES = /[<>:"|?*\\]/g;
/** Bytes of UTF-8; file systems take 255. */
const NAME_BYTES = 200;

/**
 * The name under which content is saved: what the person calls it, made safe, with an extension that fits what it is, so
 * that nothing which is no program is saved as one.
 * @param title what the person calls it: a title, or the last part of a path
 */
export function fileNameOf(title: string | null, key: string): string {
  const extension = extname(key);
  const plain = basename((title ?? '').replace(TREACHEROUS, '').replaceAll('\\', '/'))
    .replace(NOT_IN_NAMES, '_')
    .trim();
  const named = plain.replace(/^\.+/, '').replace(/[. ]+$/, '');
  const name = named === '' ? 'content' : named;
  // What we know nothing of keeps the extension that it came with.
  const fits = extension === '.bin' ? extname(name) !== '' : typeOfKey(name) === typeOfKey(key);
  const ending = fits ? extname(name) : extension;
  return shortened(fits ? name.slice(0, name.length - ending.length) : name, NAME_BYTES - ending.length) + ending;
}

function shortened(text: string, bytes: number): string {
  let length = 0;
  let short = '';
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    short += character;
  }
  return short;
}

/**
 * `Content-Disposition` as RFC 6266 has it: `inline` for what a browser may show, else `attachment`.
 * @param policed whether the answer will have the policy of `safeHeaders`, without which an SVG may run scripts
 */
export function dispositionOf(key: string, fileName: string, policed = true): string {
  const type = servedType(key);
  const shown = INLINE.test(type) && (policed || type !== SVG);
  return create(fileName, { type: shown ? 'inline' : 'attachment' });
}

/** Nothing of it runs, and nothing is fetched, but what a viewer of the browser's own needs to show the bytes themselves. */
function policyOf(type: string): string {
  if (type === SVG) {
    return "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  }
  // A sandbox would keep the browser's own viewer from opening it; that viewer runs scripts of a PDF in no page.
  if (type === 'application/pdf') return "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'";
  return "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'";
}

/** The headers under which a browser can be handed what anybody may have written or uploaded. */
export function safeHeaders(key: string, fileName: string): Record<string, string> {
  const type = servedType(key);
  return {
    'Content-Type': type,
    'Content-Disposition': dispositionOf(key, fileName),
    'Content-Security-Policy': policyOf(type),
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
  };
}
