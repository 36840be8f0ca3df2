/** Aborts at the first Ctrl-C (or SIGTERM), so that work can end where it may be taken up again; a second one ends it. */
export function untilInterrupted(onFirst: () => void): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const stop = () => {
    end();
    controller.abort();
    onFirst();
  };
  const end = () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { signal: controller.signal, end };
}
