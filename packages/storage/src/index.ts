export { FsStorage, type FsStorageOptions } from './fs.ts';
export { buildPath } from './paths.ts';
export type {
  DownloadOptions,
  FileMetadata,
  ObjectListing,
  ObjectMetadata,
  ObjectStorage,
  PathParts,
  UploadOptions,
} from './port.ts';
export { R2Storage } from './r2.ts';
export type { R2StorageOptions } from './r2-config.ts';
export { type SignUrlInput, signUrl, type VerifyUrlInput, verifySignedUrl } from './signed-url.ts';
