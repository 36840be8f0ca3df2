#!/usr/bin/env node
// The content driver syncs many files at once, and libuv's four threads would queue them. libuv reads the number when
// it starts its first thread, so it is set before anything else is loaded.
process.env.UV_THREADPOOL_SIZE ??= '64';

const { main } = await import('./cli.ts');
await main(process.argv);

export {};
