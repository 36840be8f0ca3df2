import { describe, expect, it, vi } from 'vitest';
import { serveContent } from '../src/index.ts';

const SIZE = 4 * 1024 * 1024;
const request = new Request('http://localhost/', { headers: { range: `bytes=0-${SIZE - 1}` } });

/** Stands in for what holds a connection until it is read or let go of. */
function heldBody(next: () => Promise<IteratorResult<Uint8Array>>) {
  const body = {
    next: vi.fn(next),
    return: vi.fn(async () => ({ done: true as const, value: undefined })),
    [Symbol.asyncIterator]: () => body,
  };
  return body;
}

async function answerOf(body: AsyncIterable<Uint8Array>, onFailure = vi.fn()) {
  const served = { key: 'a.bin', fileName: 'a.bin', size: SIZE, checksum: null, headers: {} };
  const response = await serveContent(request, { ...served, open: async () => body }, onFailure);
  return { stream: response.body as ReadableStream<Uint8Array>, onFailure };
}

const piece = async () => ({ done: false as const, value: new Uint8Array(1024) });

describe('a client that leaves', () => {
  it('before the first piece has the body let go of, unread', async () => {
    const body = heldBody(piece);
    const { stream } = await answerOf(body);
    await stream.cancel();
    expect(body.next).not.toHaveBeenCalled();
    expect(body.return).toHaveBeenCalled();
  });

  it('between two pieces as well', async () => {
    const body = heldBody(piece);
    const { stream } = await answerOf(body);
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    expect(body.return).toHaveBeenCalled();
  });

  it('while a piece is on its way as well, and that is no failure to be told of', async () => {
    let breakOff: ((error: Error) => void) | undefined;
    const body = heldBody(
      () =>
        new Promise((_resolve, reject) => {
          breakOff = reject;
        }),
    );
    body.return.mockImplementation(async () => {
      breakOff?.(new Error('destroyed'));
      return { done: true, value: undefined };
    });
    const { stream, onFailure } = await answerOf(body);
    const reader = stream.getReader();
    const read = reader.read();
    await vi.waitFor(() => expect(body.next).toHaveBeenCalled());
    await reader.cancel();
    expect(await read).toMatchObject({ done: true });
    expect(body.return).toHaveBeenCalled();
    expect(onFailure).not.toHaveBeenCalled();
  });
});

it('breaks the answer off where the body breaks, and tells of it', async () => {
  let pieces = 0;
  const body = heldBody(() => (++pieces < 4 ? piece() : Promise.reject(new Error('broken'))));
  const { stream, onFailure } = await answerOf(body);
  await expect(new Response(stream).arrayBuffer()).rejects.toThrow('broken');
  expect(onFailure).toHaveBeenCalledOnce();
});
