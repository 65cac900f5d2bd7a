export type Key = 'k' | 'c' | 'l' | 'u';
const keys: readonly string[] = ['k', 'c', 'l', 'u'] satisfies Key[];
const isKey = (text: string): text is Key => keys.includes(text);

/**
 * Single keys for the visitor, one action at a time. Nothing happens, and nothing is offered, when the input is not a
 * terminal. `failed` hears of an action that could not be done.
 */
export function listenToKeys(
  actions: Record<Key, () => Promise<unknown>>,
  failed: (error: unknown) => void,
): { hint: string; stop(): void } {
  const input = process.stdin;
  if (!input.isTTY) return { hint: '', stop: () => {} };
  let busy = false;
  const press = async (key: Key): Promise<void> => {
    busy = true;
    try {
      await actions[key]();
    } catch (error) {
      failed(error);
    } finally {
      busy = false;
    }
  };
  const onData = (data: Buffer): void => {
    for (const key of data.toString()) {
      // In this mode the terminal makes no signal of it.
      if (key === '\u0003') process.kill(process.pid, 'SIGINT');
      else if (isKey(key) && !busy) void press(key);
    }
  };
  input.setRawMode(true);
  input.resume();
  input.on('data', onData);
  return {
    hint: 'k kill the platform · c corrupt rows · l hold a lock · u undo · Ctrl-C end',
    stop() {
      input.off('data', onData);
      input.setRawMode(false);
      input.pause();
    },
  };
}
