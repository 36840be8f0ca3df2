import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSynapError } from '@synap/types';
import { FsStorage, verifySignedUrl } from '../src/index.ts';
import { objectStorageConformance } from '../src/testing.ts';

const secret = 'the secret of this test';

/** What the real server does, at its smallest. */
async function serveFile(root: string, { url = '', method = '' }: IncomingMessage, response: ServerResponse) {
  try {
    const { key } = verifySignedUrl(url, { secret, method });
    response.end(await readFile(join(root, key)));
  } catch (error) {
    response.writeHead(isSynapError(error, 'UNAUTHENTICATED') ? 403 : 500).end();
  }
}

objectStorageConformance('fs', async () => {
  const root = await mkdtemp(join(tmpdir(), 'synap-fs-'));
  const server = createServer((request, response) => void serveFile(root, request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const baseUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    storage: await FsStorage.open({ root, baseUrl, signingSecret: secret }),
    disposable: true,
    corrupt: (key, bytes) => writeFile(join(root, key), bytes),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await rm(root, { recursive: true });
    },
  };
});
