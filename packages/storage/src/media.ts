import { extname } from 'node:path/posix';
import { SynapError } from '@synap/types';
import type { UploadOptions } from './port.ts';

const OCTETS = 'application/octet-stream';

const TYPES: Readonly<Record<string, string>> = {
  md: 'text/markdown; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  xml: 'application/xml',
  pdf: 'application/pdf',
  zip: 'application/zip',
  gz: 'application/gzip',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  heic: 'image/heic',
  svg: 'image/svg+xml',
  apng: 'image/apng',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
  tif: 'image/tiff',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  opus: 'audio/ogg',
  flac: 'audio/flac',
  wav: 'audio/wav',
  mid: 'audio/midi',
  mp4: 'video/mp4',
  m4v: 'video/x-m4v',
  ogv: 'video/ogg',
  mov: 'video/quicktime',
  mkv: 'video/matroska',
  avi: 'video/vnd.avi',
  webm: 'video/webm',
  epub: 'application/epub+zip',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  odt: 'application/vnd.oasis.opendocument.text',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  odp: 'application/vnd.oasis.opendocument.presentation',
};

/** The MIME type that the extension of a key stands for. */
export function typeOfKey(key: string): string {
  const extension = extname(key).slice(1).toLowerCase();
  return (Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined) ?? OCTETS;
}

/** What an object is stored with, checked and complete. */
export interface Media {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const CONTENT_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[ \w!#$&^.+:;,=/-]*"))*$/;
const PRINTABLE = /^[\u0020-\u007e]*$/;
/** R2 keeps 8,192 bytes; the rest is for what Synap adds itself. */
const METADATA_BYTES = 8_000;

/**
 * Checks the options of an upload before any store is asked, so that all stores refuse the same.
 * @throws {SynapError} `VALIDATION_FAILED`
 */
export function mediaOf(key: string, { contentType = typeOfKey(key), metadata = {} }: UploadOptions = {}): Media {
  if (contentType.length > 255 || !CONTENT_TYPE.test(contentType)) {
    throw new SynapError('VALIDATION_FAILED', 'That is not a valid content type.');
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (name === '' || !PRINTABLE.test(name) || !PRINTABLE.test(value)) {
      throw new SynapError('VALIDATION_FAILED', 'Names and values of metadata are printable ASCII.');
    }
  }
  let bytes = 0;
  for (const [name, value] of Object.entries(toHeaders(metadata))) bytes += name.length + value.length;
  if (bytes > METADATA_BYTES) {
    throw new SynapError('VALIDATION_FAILED', `The metadata of an object has at most ${METADATA_BYTES} bytes.`, {
      details: { limit: METADATA_BYTES },
    });
  }
  return { contentType, metadata };
}

/** Names that S3 keeps as they are: it makes every name lower case. `synap-` is ours. */
const PLAIN_NAME = /^(?!synap-)[a-z0-9-]+$/;
/** Values that survive as an HTTP header: no space at either end, and none twice, which signing would collapse. */
const PLAIN_VALUE = /^(?:[!-~]+(?: [!-~]+)*)$/;
const PACKED = 'synap-metadata';

/**
 * Metadata as S3 can keep it. Most entries stand as they are, readable with any tool; those whose name or value an HTTP
 * header would change are packed into one entry of JSON.
 */
export function toHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const all = Object.entries(metadata);
  const plain = all.filter(([name, value]) => PLAIN_NAME.test(name) && PLAIN_VALUE.test(value));
  const packed = all.filter((entry) => !plain.includes(entry));
  if (packed.length > 0) {
    plain.push([PACKED, JSON.stringify(Object.fromEntries(packed)).replaceAll(' ', '\\u0020')]);
  }
  return Object.fromEntries(plain);
}

/**
 * The inverse of `toHeaders`; what Synap added for itself is left out.
 * @throws {SynapError} `CHECKSUM_MISMATCH` if the packed entry was damaged
 */
export function fromHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => !name.startsWith('synap-'));
  const packed = headers[PACKED];
  return Object.fromEntries(packed === undefined ? own : [...own, ...Object.entries(parseStrings(packed))]);
}

/**
 * A JSON object whose values are strings.
 * @throws {SynapError} `CHECKSUM_MISMATCH` for anything else
 */
export function parseStrings(json: string): Record<string, string> {
  let cause: unknown;
  try {
    const value: unknown = JSON.parse(json);
    if (isStrings(value)) return value;
  } catch (error) {
    cause = error;
  }
  throw new SynapError('CHECKSUM_MISMATCH', 'The stored metadata is damaged.', { cause });
}

export function isStrings(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((entry) => typeof entry === 'string')
  );
}
