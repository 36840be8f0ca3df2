import { FileType } from './enums.ts';

/** What kind of file a MIME type stands for; its parameters do not count. */
export function fileTypeOfMime(mime: string): FileType {
  const type = (mime.split(';')[0] ?? '').trim().toLowerCase();
  if (type === 'text/markdown') return FileType.MARKDOWN;
  if (type === 'application/pdf') return FileType.PDF;
  if (type.startsWith('image/')) return FileType.IMAGE;
  if (type.startsWith('audio/')) return FileType.AUDIO;
  if (type.startsWith('video/')) return FileType.VIDEO;
  return FileType.OTHER;
}
