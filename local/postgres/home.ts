import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { programIn } from './binaries.ts';

/** Where a server's programs and files are, and as whom it runs when not as this process's own user. */
export type Home = { native: string; folder: string; identity?: { uid: number; gid: number } };

/** PostgreSQL refuses to run as root; this is `nobody` on every Linux. */
const UNPRIVILEGED = { uid: 65534, gid: 65534 };

/**
 * Decides where a server asked for in `directory` lives. For root it runs as an unprivileged user, who may not be able
 * to enter the clone (for example below /root): then the programs are copied, and the data put, under /var/tmp, and
 * `directory` remembers where.
 */
export function chooseHome(directory: string, native: string): Home {
  const folder = resolve(directory);
  mkdirSync(folder, { recursive: true });
  if (process.getuid?.() !== 0) return { native, folder };
  return { native: enterablePrograms(native), folder: enterableFolder(folder), identity: UNPRIVILEGED };
}

function runsUnprivileged(native: string): boolean {
  return (
    spawnSync(programIn(native, 'postgres'), ['--version'], { ...UNPRIVILEGED, cwd: '/', timeout: 10_000 })
      .status === 0
  );
}

function ownedByRootAlone(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === 0 && (found.mode & 0o022) === 0;
}

function enterablePrograms(native: string): string {
  if (runsUnprivileged(native)) return native;
  const version = createHash('sha256')
    .update(native)
    .update(String(statSync(programIn(native, 'postgres')).size))
    .digest('hex');
  const copy = join('/var/tmp', `theseus-postgres-${version.slice(0, 12)}`);
  // In a folder where everyone may write, only a folder that root made is trusted.
  if (ownedByRootAlone(copy) && runsUnprivileged(copy)) return copy;
  const fresh = mkdtempSync(join('/var/tmp', 'theseus-postgres-'));
  cpSync(native, fresh, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a') && !path.endsWith('/pgxs'),
  });
  const opened = spawnSync('chmod', ['-R', 'u+rwX,go+rX,go-w', fresh]);
  if (opened.status !== 0 || !runsUnprivileged(fresh)) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error(
      `PostgreSQL cannot be run by an unprivileged user from ${native} nor from /var/tmp (is it mounted noexec?); run as a user other than root.`,
    );
  }
  try {
    renameSync(fresh, copy);
    return copy;
  } catch {
    return fresh;
  }
}

function enterable(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

function enterableFolder(folder: string): string {
  const note = join(folder, 'data-is-in');
  if (existsSync(note)) {
    const noted = readFileSync(note, 'utf8').trim();
    if (ownedByRootAlone(noted)) return noted;
    throw new Error(
      `The database of ${folder} was kept in ${noted}, which is no longer there; remove ${folder} to start with an empty one.`,
    );
  }
  if (enterable(folder)) return folder;
  const elsewhere = mkdtempSync('/var/tmp/theseus-database-');
  spawnSync('chmod', ['711', elsewhere]);
  writeFileSync(note, `${elsewhere}\n`, { mode: 0o600 });
  return elsewhere;
}
