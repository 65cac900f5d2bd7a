import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript: it runs before TypeScript can
import { checkMachine, install, isInstalled, rememberedNode, rememberNode } from './prepare.js';

const good = { version: '24.1.0', platform: 'linux', arch: 'x64', glibc: '2.36' };

describe('the machine', () => {
  it.each([
    ['20.0.0', 'linux', 'x64', '2.31'],
    ['26.1.0', 'darwin', 'arm64', undefined],
    ['22.0.0', 'win32', 'x64', undefined],
  ])('Node %s on %s-%s will do', (version, platform, arch, glibc) => {
    expect(() => checkMachine({ version, platform, arch, glibc })).not.toThrow();
  });

  it('is refused in one line that says what to do', () => {
    const said = (machine: Partial<typeof good>) => {
      try {
        checkMachine({ ...good, ...machine });
        return '';
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    };
    expect(said({ version: '18.20.4' })).toMatch(
      /needs Node 20 or newer to start; this is Node 18\.20\.4\. Install it/,
    );
    expect(said({ platform: 'freebsd' })).toMatch(/this machine is freebsd-x64/);
    expect(said({ arch: 'ia32' })).toMatch(/this machine is linux-ia32/);
    expect(said({ glibc: '' })).toMatch(/glibc/);
    for (const machine of [{ version: '18.0.0' }, { platform: 'aix' }, { glibc: '' }])
      expect(said(machine)).not.toContain('\n');
  });
});

describe('what is installed', () => {
  let root: string;
  const lock = (packages: object) => JSON.stringify({ packages });
  const wanted = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/mac-only': { version: '2.0.0', optional: true },
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'prepare-'));
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'package-lock.json'), lock(wanted));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it.each<[string, object | undefined, boolean]>([
    ['nothing, or an installation that was interrupted', undefined, false],
    ['all but what is for other platforms', { 'node_modules/a': { version: '1.0.0' } }, true],
    ['another version', { 'node_modules/a': { version: '1.0.1' } }, false],
    ['too little', {}, false],
    ['too much', { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } }, false],
  ])('%s', (_what, packages, expected) => {
    if (packages) writeFileSync(join(root, 'node_modules', '.package-lock.json'), lock(packages));
    expect(isInstalled(root)).toBe(expected);
  });

  it('is looked at again only when something changed', () => {
    const installed = join(root, 'node_modules', '.package-lock.json');
    writeFileSync(installed, lock({}));
    expect(rememberedNode(root)).toBe(undefined);
    rememberNode(root, 'node');
    expect(rememberedNode(root)).toBe(undefined);
    rememberNode(root, process.execPath);
    expect(rememberedNode(root)).toBe(process.execPath);
    writeFileSync(installed, lock(wanted));
    expect(rememberedNode(root)).toBe(undefined);
    rememberNode(root, join(root, 'gone'));
    expect(rememberedNode(root)).toBe(undefined);
  });

  it('is never changed through a link, which another checkout may share', async () => {
    const other = join(root, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'kept'), 'kept');
    rmSync(join(root, 'node_modules'), { recursive: true });
    symlinkSync(other, join(root, 'node_modules'));
    expect(isInstalled(root)).toBe(false);
    const refused = await install(root).catch((error: Error) => error.message);
    expect(refused).toMatch(
      /node_modules is a link to another folder.*Remove the link and run the command again\.$/,
    );
    expect(refused).not.toContain('\n');
    expect(readFileSync(join(other, 'kept'), 'utf8')).toBe('kept');
  });

  it('can be installed everywhere: package-lock.json has an entry for every optional package', () => {
    const { packages } = JSON.parse(
      readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8'),
    );
    const paths = Object.keys(packages);
    for (const [path, entry] of Object.entries<{ optionalDependencies?: object }>(packages)) {
      for (const name of Object.keys(entry.optionalDependencies ?? {})) {
        expect(
          paths.some((candidate) => candidate.endsWith(`node_modules/${name}`)),
          `${name} of ${path}`,
        ).toBe(true);
      }
    }
  });
});

describe('the entrance', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'entrance-'));
    cpSync(import.meta.dirname, join(root, 'bin'), { recursive: true });
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'package.json'), '{"type":"module","scripts":{"five":"exit 5"}}');
    for (const path of ['package-lock.json', 'node_modules/.package-lock.json'])
      writeFileSync(join(root, path), '{"packages":{}}');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'bin/preflight.js'), ...args], { encoding: 'utf8' });

  it('runs a TypeScript file with its arguments and passes its exit code on', () => {
    writeFileSync(
      join(root, 'a.ts'),
      'const said: string = process.argv.slice(2).join(); console.log(said); process.exit(3);',
    );
    expect(run('a.ts', '--once', 'x')).toMatchObject({ status: 3, stdout: '--once,x\n', stderr: '' });
  });

  it('runs a script of package.json and passes its exit code on', () => {
    expect(run('--script', 'five')).toMatchObject({ status: 5 });
  });

  it('says in one line that an installation failed, and why', () => {
    rmSync(join(root, 'node_modules'), { recursive: true });
    rmSync(join(root, 'package-lock.json'));
    const { status, stderr } = run('a.ts');
    expect(status).toBe(1);
    expect(stderr).toMatch(/existing package-lock\.json/);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^npm ci ended with code 1\. Check the lines above/);
  });
});
