import { hash } from 'node:crypto';
import type { Entity } from '@synap/types';
import { expect } from 'vitest';
import type { Client } from './server.ts';

/** What `files.createUpload` answers. */
export interface Target {
  readonly uploadId: string;
  readonly url: string;
  readonly headers: Record<string, string>;
}

export const announcement = (name: string, bytes: Uint8Array, contentType = 'application/octet-stream') => ({
  name,
  contentType,
  size: bytes.length,
  sha256: hash('sha256', bytes, 'hex'),
});

export const announce = (client: Client, name: string, bytes: Uint8Array) =>
  client.do<Target>('files.createUpload', announcement(name, bytes));

export function put(client: Client, { url, headers }: Target, body: Uint8Array | ReadableStream): Promise<Response> {
  const init = { method: 'PUT', body: body as NonNullable<RequestInit['body']>, headers, duplex: 'half' as const };
  return client.fetch(url, init);
}

/** A file from its announcement to its entity. */
export async function upload(client: Client, name: string, bytes: Uint8Array): Promise<Entity> {
  const target = await announce(client, name, bytes);
  const response = await put(client, target, bytes);
  expect([response.status, await response.text()]).toEqual([204, '']);
  return client.do<Entity>('files.complete', { uploadId: target.uploadId });
}

/** The smallest picture: one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
