import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** What a running server writes about itself into its data directory. */
export type Postmaster = { pid: number; data: string; port: number; ready: boolean };

/** Reads postmaster.pid of a data directory; undefined when no server has written one (or only half of it). */
export function readPostmaster(data: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 1 || !Number.isInteger(port)) return undefined;
  return { pid, data: lines[1] ?? '', port, ready: lines[7]?.trim() === 'ready' };
}

/** Whether a process with this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // node's own kill() throws ErrnoException
  }
}

/** Whether a server at `url` answers and serves exactly this data directory: a port or pid may long be another's. */
export async function serves(url: string, data: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000, query_timeout: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ data: string }>("SELECT current_setting('data_directory') AS data");
    return rows[0]?.data === data;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
