import { closeSync, fsyncSync, openSync } from 'node:fs';
import { NodeFS } from '@electric-sql/pglite/nodefs';

// The parts of Emscripten's file system that the hook below touches; PGlite publishes no types for them.
interface EmscriptenNode {
  readonly mode: number;
}
interface EmscriptenStream {
  readonly node: EmscriptenNode;
  readonly nfd?: number;
}
interface NodeFsBackend {
  readonly stream_ops: { fsync?: (stream: EmscriptenStream) => number };
  realPath(node: EmscriptenNode): string;
}
interface EmscriptenModule {
  readonly FS: { readonly filesystems: { readonly NODEFS: NodeFsBackend } };
}

/** WASI's number for an input/output error; PostgreSQL answers it with a panic, as it must after a failed fsync. */
const EIO = 29;

function fsyncStream(backend: NodeFsBackend, stream: EmscriptenStream): number {
  try {
    if (stream.nfd !== undefined) {
      fsyncSync(stream.nfd);
      return 0;
    }
    // A folder has no descriptor of its own here, yet PostgreSQL syncs folders after it renames a file.
    const descriptor = openSync(backend.realPath(stream.node), 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return 0;
  } catch {
    // The number is all that WASM understands; PostgreSQL writes what it was to its log and stops.
    return EIO;
  }
}

/** PGlite's folder on disk, with the fsync that PGlite leaves out: without it no commit survives a loss of power. */
export class DurableNodeFS extends NodeFS {
  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const result = await super.init(...args);
    const preRun = result.emscriptenOpts.preRun as ((module: EmscriptenModule) => void)[];
    preRun.push((module) => {
      const backend = module.FS.filesystems.NODEFS;
      backend.stream_ops.fsync = (stream) => fsyncStream(backend, stream);
    });
    return result;
  }
}
