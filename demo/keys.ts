/** Single keys for the visitor. Nothing happens, and nothing is offered, when the input is not a terminal. */
export function listenToKeys(actions: {
  k: () => Promise<unknown>;
  c: () => Promise<unknown>;
  l: () => Promise<unknown>;
  u: () => Promise<unknown>;
}): {
  hint: string;
  stop(): void;
} {
  const input = process.stdin;
  if (!input.isTTY) return { hint: '', stop: () => {} };
  let busy = false;
  const onKey = (data: Buffer): void => {
    const key = data.toString();
    if (key === '\u0003') {
      process.kill(process.pid, 'SIGINT');
      return;
    }
    if (busy || (key !== 'k' && key !== 'c' && key !== 'l' && key !== 'u')) return;
    busy = true;
    void actions[key]()
      .catch(() => {})
      .finally(() => {
        busy = false;
      });
  };
  input.setRawMode(true);
  input.resume();
  input.on('data', onKey);
  return {
    hint: 'Hurt it: k kill the platform · c corrupt three rows · l hold a lock · u undo early · Ctrl-C end',
    stop() {
      input.off('data', onKey);
      input.setRawMode(false);
      input.pause();
    },
  };
}
