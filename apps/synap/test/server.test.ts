import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type Listening, listen } from '../src/server.ts';

let listening: Listening | undefined;
afterEach(() => listening?.cut());

it('cuts a body that stalls, and no body that moves', async () => {
  let received = 0;
  const failures: unknown[] = [];
  const fetch = async (request: Request) => {
    try {
      for await (const piece of request.body ?? []) received += piece.length;
    } catch (error) {
      failures.push(error);
    }
    return new Response('done');
  };
  const spanMs = 200;
  listening = await listen({ fetch }, '127.0.0.1', 0, spanMs);
  const { hostname, port } = new URL(listening.url);
  const send = async () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.resume();
    return socket;
  };

  const stalled = await send();
  const cut = once(stalled, 'close');
  stalled.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nfew bytes');
  await cut;
  expect([received, failures.length]).toEqual([9, 1]);

  const pieces = 12;
  const steady = await send();
  steady.write(`PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${pieces * 65_536}\r\n\r\n`);
  let answer = '';
  steady.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  const closed = once(steady, 'close');
  // Longer than the span altogether.
  for (let sent = 0; sent < pieces; sent++) {
    steady.write(Buffer.alloc(65_536));
    await new Promise((resolve) => setTimeout(resolve, spanMs / 8));
  }
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(received).toBe(9 + pieces * 65_536);
});
