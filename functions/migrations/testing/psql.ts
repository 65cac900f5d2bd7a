import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Program {
  path: string;
  libraries: string | undefined;
}

/** psql from the PATH; otherwise Debian's package, unpacked and not installed; a text says why there is none. */
function findPsql(): Program | string {
  if (spawnSync('psql', ['--version']).status === 0) return { path: 'psql', libraries: undefined };
  const folder = mkdtempSync(join(tmpdir(), 'theseus-psql-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const packages = ['postgresql-client-15', 'libpq5', 'libldap-2.5-0', 'libsasl2-2'];
  if (spawnSync('apt-get', ['download', ...packages], { cwd: folder, timeout: 30_000 }).status !== 0)
    return 'psql is not on the PATH and its Debian package cannot be fetched here';
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.deb')))
    spawnSync('dpkg', ['-x', name, 'unpacked'], { cwd: folder });
  const path = join(folder, 'unpacked/usr/lib/postgresql/15/bin/psql');
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  const libraries = join(folder, `unpacked/usr/lib/${machine}-linux-gnu`);
  const env = { ...process.env, LD_LIBRARY_PATH: libraries };
  const tried = spawnSync(path, ['--version'], { env });
  return tried.status === 0 ? { path, libraries } : 'the unpacked psql does not run here';
}

export const psql = findPsql();

/** Runs a script as a person would; its files go with it. */
export async function runPsql(
  url: string,
  script: string,
  variables: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  if (typeof psql === 'string') throw new Error(psql);
  const folder = mkdtempSync(join(tmpdir(), 'theseus-script-'));
  const file = join(folder, 'script.sql');
  writeFileSync(file, script);
  const given = Object.entries(variables).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
  const child = spawn(psql.path, ['-X', url, ...given, '-f', file], {
    cwd: folder,
    env: {
      ...process.env,
      ...(psql.libraries === undefined ? {} : { LD_LIBRARY_PATH: psql.libraries }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  rmSync(folder, { recursive: true, force: true });
  return { code, out, err };
}
