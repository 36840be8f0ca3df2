export { FsStorage, type FsStorageOptions } from './fs.ts';
export { typeOfKey } from './media.ts';
export { buildPath } from './paths.ts';
export type {
  ByteRange,
  DownloadOptions,
  FileMetadata,
  ObjectListing,
  ObjectMetadata,
  ObjectStorage,
  PathParts,
  SignedUrlOptions,
  StreamOptions,
  UploadOptions,
} from './port.ts';
export { R2Storage } from './r2.ts';
export type { R2StorageOptions } from './r2-config.ts';
export { type SignedObject, type SignUrlInput, signUrl, type VerifyUrlInput, verifySignedUrl } from './signed-url.ts';
