import { isUtf8 } from 'node:buffer';
import { extname } from 'node:path/posix';
import { EntityType, FileType } from '@synap/types';

const EXTENSIONS: Readonly<Record<string, FileType>> = {
  pdf: 'pdf',
  ...of('image', 'png jpg jpeg gif webp avif svg bmp heic heif tif tiff ico'),
  ...of('audio', 'mp3 m4a aac ogg opus flac wav 3gp'),
  ...of('video', 'mp4 mov webm mkv ogv avi m4v'),
};

function of(fileType: FileType, extensions: string): Record<string, FileType> {
  return Object.fromEntries(extensions.split(' ').map((extension) => [extension, fileType]));
}

export function isMarkdownPath(path: string): boolean {
  return /\.(?:md|markdown)$/i.test(path);
}

/** What a file becomes. Markdown that is no text is kept as a file. */
export function kindOf(path: string, bytes: Uint8Array): { readonly type: EntityType; readonly fileType: FileType } {
  if (isMarkdownPath(path)) {
    if (isUtf8(bytes)) return { type: EntityType.NOTE, fileType: FileType.MARKDOWN };
    return { type: EntityType.FILE, fileType: FileType.OTHER };
  }
  const extension = extname(path).slice(1).toLowerCase();
  const fileType = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
  return { type: EntityType.FILE, fileType: fileType ?? FileType.OTHER };
}
