import { extname } from 'node:path/posix';
import { typeOfKey } from '@synap/storage';
import { type FileType, fileTypeOfMime } from '@synap/types';
import { fileTypeFromBuffer } from 'file-type';

/** Bytes from the beginning by which a file is told; more than `file-type` wants. */
export const SAMPLE_BYTES = 16 * 1024;

/** What a file is by its bytes. */
export interface SniffedType {
  /** How the key of its object ends, without the dot; what it is served as follows from this. */
  readonly extension: string;
  readonly fileType: FileType;
  /** Whether its beginning is text in UTF-8. */
  readonly text: boolean;
}

/** Text whose extension says how it is to be served, and which cannot be told from its bytes. */
const MARKUP = new Set(['md', 'html', 'xml', 'csv', 'json', 'jsonl']);
/** Other spellings of those. */
const SPELLINGS: Readonly<Record<string, string>> = {
  ...{ markdown: 'md', mdown: 'md', htm: 'html', xhtml: 'html', ndjson: 'jsonl', canvas: 'json' },
};
/** Text as it is: notes, logs, settings and source code. */
const PLAIN = new Set(
  (
    'txt text log tsv yaml yml toml ini conf env properties js mjs cjs jsx ts tsx css scss py rb php pl lua go rs java kt ' +
    'swift c h cc cpp hpp cs sh bash zsh ps1 bat sql r jl tex bib org rst adoc srt vtt diff patch ics vcf base'
  ).split(' '),
);
const OCTETS = 'bin';

/**
 * What a file is by its first bytes. Where these tell nothing, because it is text, the name's extension says of which
 * kind; a name never makes an image or anything else out of bytes that are not.
 */
export async function sniff(sample: Uint8Array, name: string): Promise<SniffedType> {
  const text = textOf(sample);
  const extension = (await magic(sample)) ?? (text === undefined ? OCTETS : textExtension(text, name));
  const found = extension === 'xml' && text !== undefined ? textExtension(text, name, 'xml') : extension;
  return { extension: found, fileType: fileTypeOfMime(typeOfKey(`x.${found}`)), text: text !== undefined };
}

async function magic(sample: Uint8Array): Promise<string | undefined> {
  return (await fileTypeFromBuffer(sample))?.ext;
}

function textExtension(text: string, name: string, otherwise = OCTETS): string {
  const written = extname(name).slice(1).toLowerCase();
  const hint = Object.hasOwn(SPELLINGS, written) ? (SPELLINGS[written] ?? written) : written;
  if (hint === 'svg') return /<svg[\s>]/i.test(text) ? 'svg' : 'txt';
  if (MARKUP.has(hint)) return hint;
  return PLAIN.has(hint) ? 'txt' : otherwise;
}

/** The sample as text, if it is UTF-8 and has no control characters but those of text. */
function textOf(sample: Uint8Array): string | undefined {
  try {
    // It may end in the middle of a character.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true });
    // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for here
    return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? undefined : text;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
