import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { writeDurably } from '../durable-file.ts';

const delivery = z.strictObject({
  id: z.string(),
  target: z.string(),
  input: z.unknown(),
  /** Epoch milliseconds. */
  accepted: z.number(),
});
export type Delivery = z.infer<typeof delivery>;
const line = z.union([z.strictObject({ add: delivery }), z.strictObject({ done: z.string() })]);

/** Hands an input to a target; rejects when it has to be tried again. `id` is the same at every try. */
export type Deliver = (target: string, input: unknown, id: string) => Promise<void>;

/** As EventBridge: an event is tried for a day, at most 185 times more. */
export const LONGEST_MS = 86_400_000;
export const MOST_TRIES = 186;
const AT_ONCE = 20;
const COMPACT_BYTES = 1024 * 1024;

/** How long to wait after the `failed`-th failure: doubling from 1 s to 10 minutes, half of it by chance. */
export function pauseAfter(failed: number, chance: number = Math.random()): number {
  return Math.min(1000 * 2 ** (failed - 1), 600_000) * (0.5 + chance / 2);
}

/**
 * Deliveries that outlive the process: written to `file` before they are accepted, tried until they succeed or are a
 * day old. After a crash what was not marked done is delivered again, so a target may see one twice.
 */
export function openQueue(options: {
  file: string;
  clock: Clock;
  deliver: Deliver;
  /** Told of what is given up. */
  onUndelivered: (delivery: Delivery, error: unknown) => void;
}) {
  const { file, clock } = options;
  const pending = new Map<string, Delivery>();
  const waiting: { delivery: Delivery; failed: number }[] = [];
  const timers = new Set<() => void>();
  let handle: FileHandle | undefined;
  let bytes = 0;
  let active = 0;
  let running = false;
  let written: Promise<void> = Promise.resolve();
  let unwritten: string[] = [];
  let accepting = false;
  let idle: (() => void)[] = [];

  function load(): void {
    if (!existsSync(file)) return;
    const lines = readFileSync(file, 'utf8').split('\n');
    // The last piece is empty, or a line that the crash cut off before anyone was told it was accepted.
    for (const text of lines.slice(0, -1)) {
      const entry = line.parse(JSON.parse(text));
      if ('add' in entry) pending.set(entry.add.id, entry.add);
      else pending.delete(entry.done);
    }
  }

  async function compact(): Promise<void> {
    await handle?.close();
    const content = [...pending.values()].map((add) => `${JSON.stringify({ add })}\n`).join('');
    await writeDurably(file, content);
    handle = await open(file, 'a', 0o600);
    bytes = content.length;
  }

  /** Appends what gathered since the last write at once; resolves when it is on disk. */
  function append(entry: z.infer<typeof line>): Promise<void> {
    unwritten.push(`${JSON.stringify(entry)}\n`);
    // What is delivered again after a power cut does no harm: only what was accepted waits for the disk.
    accepting ||= 'add' in entry;
    if (unwritten.length === 1) {
      written = written.then(async () => {
        const [text, toDisk] = [unwritten.join(''), accepting];
        [unwritten, accepting] = [[], false];
        if (!handle) throw new Error('The event queue is stopped.');
        await handle.appendFile(text);
        if (toDisk) await handle.datasync();
        bytes += text.length;
        if (bytes > COMPACT_BYTES && pending.size === 0 && unwritten.length === 0) await compact();
      });
      written.catch(() => {});
    }
    return written;
  }

  function next(): void {
    while (running && active < AT_ONCE) {
      const turn = waiting.shift();
      if (!turn) break;
      active += 1;
      void attempt(turn.delivery, turn.failed).finally(() => {
        active -= 1;
        next();
      });
    }
    if (active === 0 && waiting.length === 0) for (const resolve of idle.splice(0)) resolve();
  }

  async function attempt(one: Delivery, failed: number): Promise<void> {
    try {
      await options.deliver(one.target, one.input, one.id);
    } catch (error) {
      if (failed + 1 < MOST_TRIES && clock.now() - one.accepted < LONGEST_MS) {
        const cancel = clock.setTimer(pauseAfter(failed + 1), () => {
          timers.delete(cancel);
          waiting.push({ delivery: one, failed: failed + 1 });
          next();
        });
        timers.add(cancel);
        return;
      }
      options.onUndelivered(one, error);
    }
    pending.delete(one.id);
    // Not written means delivered again after a restart, which at-least-once allows.
    if (running) await append({ done: one.id }).catch(() => {});
  }

  return {
    async start(): Promise<void> {
      pending.clear();
      load();
      await compact();
      running = true;
      for (const one of pending.values()) waiting.push({ delivery: one, failed: 0 });
      next();
    },
    /** Accepts deliveries: resolves when they are on disk. */
    async add(targets: readonly { target: string; input: unknown }[]): Promise<void> {
      if (targets.length === 0) return;
      const accepted = clock.now();
      const added = targets.map(({ target, input }) => ({ id: randomUUID(), target, input, accepted }));
      for (const one of added) pending.set(one.id, one);
      await Promise.all(added.map((add) => append({ add })));
      for (const one of added) waiting.push({ delivery: one, failed: 0 });
      next();
    },
    /** Resolves when nothing is being delivered or waits for its first try. */
    settled(): Promise<void> {
      if (active === 0 && waiting.length === 0) return Promise.resolve();
      return new Promise((resolve) => {
        idle.push(resolve);
      });
    },
    /** Starts no further delivery and closes the file; what is pending stays for the next start. */
    async stop(): Promise<void> {
      running = false;
      waiting.length = 0;
      for (const cancel of timers) cancel();
      timers.clear();
      for (const resolve of idle.splice(0)) resolve();
      await written.catch(() => {});
      await handle?.close();
      handle = undefined;
      idle = [];
    },
  };
}

export type Queue = ReturnType<typeof openQueue>;
