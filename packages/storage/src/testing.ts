export { objectStorageConformance } from './testing/conformance.ts';
export { type S3Simulator, startS3Simulator } from './testing/s3-simulator.ts';
export type { StorageHarness } from './testing/suite.ts';
