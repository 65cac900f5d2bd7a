import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '#local/postgres/server.ts';

/** Runs `work` on a server of its own, in a temporary directory that goes away with it. */
export async function withServer<T>(work: (url: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'theseus-bench-'));
  // Run by root, the server is another user, who must be able to enter; else its data lies elsewhere and stays there.
  chmodSync(directory, 0o755);
  const server = await startPostgres({
    directory,
    settings: { shared_buffers: '512MB', max_wal_size: '4GB', wal_level: 'logical' },
  });
  const stop = async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('SIGINT', () => void stop().then(() => process.exit(130)));
  try {
    return await work(server.url);
  } finally {
    await stop();
  }
}

/** What the figures were measured on. */
export const machine = {
  cores: cpus().length,
  model: cpus()[0]?.model ?? '',
  memory_gib: Math.round(totalmem() / 2 ** 30),
};

/** Three digits after the point. */
export const rounded = (value: number): number => Number(value.toFixed(3));

/** Numbers of the command line that must be whole and above 0; ends the process with 2 when one is not. */
export function wholeNumbers<K extends string>(given: Record<K, string>): Record<K, number> {
  const entries = Object.entries<string>(given).map(([name, text]) => [name, Number(text)] as const);
  for (const [name, value] of entries) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    console.error(`--${name} is a whole number above 0.`);
    process.exit(2);
  }
  // The keys are those of `given`.
  return Object.fromEntries(entries) as Record<K, number>;
}
