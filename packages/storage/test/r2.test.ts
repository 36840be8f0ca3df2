import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { R2Storage, type R2StorageOptions } from '../src/index.ts';
import { objectStorageConformance, startS3Simulator } from '../src/testing.ts';

function harnessOf(options: R2StorageOptions & { readonly endpoint: string }, close?: () => Promise<void>) {
  const { endpoint, accessKeyId, secretAccessKey, bucketName: Bucket } = options;
  const client = new S3Client({
    endpoint,
    region: 'auto',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return {
    storage: new R2Storage(options),
    disposable: close !== undefined,
    corrupt: async (Key: string, Body: Uint8Array) => {
      const { Metadata, ContentType } = await client.send(new HeadObjectCommand({ Bucket, Key }));
      await client.send(new PutObjectCommand({ Bucket, Key, Body, Metadata, ContentType }));
    },
    close: async () => {
      client.destroy();
      await close?.();
    },
  };
}

objectStorageConformance('R2 (simulated)', async () => {
  const { close, ...simulator } = await startS3Simulator();
  return harnessOf(simulator, close);
});

const {
  TEST_S3_ENDPOINT: endpoint,
  TEST_S3_ACCESS_KEY_ID: accessKeyId = '',
  TEST_S3_SECRET_ACCESS_KEY: secretAccessKey = '',
  TEST_S3_BUCKET: bucketName = '',
  TEST_S3_REGION: region = 'auto',
} = process.env;

if (endpoint !== undefined && endpoint !== '') {
  objectStorageConformance(`S3 at ${endpoint}`, async () =>
    harnessOf({ endpoint, accessKeyId, secretAccessKey, bucketName, region }),
  );
}
