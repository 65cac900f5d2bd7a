import { closeSync, fsync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const fsyncFile = promisify(fsync);

/** An append-only file of JSON lines. */
export interface Journal {
  /** Hands the lines to the operating system at once: from here on they survive the death of this process. */
  append(lines: readonly object[]): void;
  /** Resolves when all that was appended is on the disk itself. Callers at the same time share one flush. */
  durable(): Promise<void>;
  close(): void;
}

/**
 * Opens a journal for appending.
 * @param flags `a` to go on with an existing file, `w` to begin it anew.
 * @param toDisk false leaves flushing to the operating system: enough against a killed process, not a power cut.
 */
export function openJournal(file: string, flags: 'a' | 'w', toDisk: boolean): Journal {
  const descriptor = openSync(file, flags, 0o600);
  if (toDisk && flags === 'w') flushDirectory(dirname(file));
  let appended = 0;
  let flushed = 0;
  let flushing: Promise<void> | undefined;
  let closed = false;

  const flush = async (): Promise<void> => {
    const upTo = appended;
    await fsyncFile(descriptor);
    flushed = Math.max(flushed, upTo);
  };

  return {
    append(lines) {
      if (closed) throw new Error(`journal ${file} is closed`);
      const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
      appended += lines.length;
    },
    async durable() {
      const wanted = appended;
      while (toDisk && !closed && flushed < wanted) {
        flushing ??= flush().finally(() => {
          flushing = undefined;
        });
        await flushing;
      }
    },
    close() {
      if (closed) return;
      if (toDisk && flushed < appended) fsyncSync(descriptor);
      closed = true;
      // A flush under way still uses the descriptor.
      if (flushing) void flushing.catch(() => undefined).finally(() => closeSync(descriptor));
      else closeSync(descriptor);
    },
  };
}

/** A new file's name is durable only when its directory is. Windows has no such call and needs none. */
function flushDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The lines of a journal. A last line that was cut off while being written is dropped; nothing depended on it yet.
 * @param repair also cuts it off in the file, so that appending begins on a line of its own.
 * @throws Error naming file and line when a line before the last one is damaged.
 */
export function readJournal(file: string, repair: boolean): unknown[] {
  const bytes = readFileSync(file);
  const lines: unknown[] = [];
  let from = 0;
  while (from < bytes.length) {
    const end = bytes.indexOf(10, from);
    const line = end < 0 ? undefined : parseLine(bytes.toString('utf8', from, end));
    if (line === undefined) {
      if (end >= 0 && end < bytes.length - 1) {
        throw new Error(
          `${file}, line ${lines.length + 1}: expected JSON, found damage; restore it from a copy`,
        );
      }
      if (repair) truncateSync(file, from);
      break;
    }
    lines.push(line);
    from = end + 1;
  }
  return lines;
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
