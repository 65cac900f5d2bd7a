import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');
const modules = join(root, 'node_modules');

/** What a service has beside the package of clients: what this depends on, and the SDK. No SDK of AWS is among it. */
const beside = ['@openfeature/core', '@openfeature/server-sdk', 'semver', 'zod'];
/** And what its types are checked with. */
const types = ['@types/node', 'undici-types'];

const run = promisify(execFile);

/** Its output. Rejects with all of it when it fails. */
async function mustRun(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await run(command, args, { cwd, timeout: 120_000 }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}`);
  });
  return stdout;
}

/** The Node of this machine where it has one that will do, which may be older than the one of the tests. */
async function nodeOfServices(): Promise<string> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  for (const folder of folders) {
    const node = join(folder, 'node');
    const { stdout } = await run(node, ['--version']).catch(() => ({ stdout: '' }));
    if (Number(/^v(\d+)/.exec(stdout)?.[1]) >= 20) return node;
  }
  return process.execPath;
}

/** A service in an empty folder, which has the packed clients installed and nothing of the platform's own packages. */
export async function makeService(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const made = join(folder, 'made');
  await mustRun(
    process.execPath,
    [join('bin', 'preflight.js'), join('bin', 'client-package.ts'), made],
    root,
  );
  // The npm that belongs to the Node of the tests is on its PATH.
  await mustRun('npm', ['pack', made, '--pack-destination', folder, '--silent'], folder);
  const packed = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (packed === undefined) throw new Error(`npm pack left no package in ${folder}`);
  const service = join(folder, 'service');
  const installed = join(service, 'node_modules', 'theseus');
  await mkdir(installed, { recursive: true });
  await mustRun('tar', ['-xzf', join('..', '..', '..', packed), '--strip-components', '1'], installed);
  for (const name of [...beside, ...types]) {
    const link = join(service, 'node_modules', ...name.split('/'));
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(modules, ...name.split('/')), link, sep === '\\' ? 'junction' : 'dir');
  }
  await writeFile(join(service, 'package.json'), '{ "private": true, "type": "module" }');
  for (const [name, text] of Object.entries(files)) await writeFile(join(service, name), text);
}

/** Runs a file of the service; what it printed. Throws with all of its output where it fails. */
export const runService = async (folder: string, args: readonly string[]): Promise<string> =>
  mustRun(await nodeOfServices(), args, join(folder, 'service'));

/** Checks types as a strict project of somebody's does, declarations of packages included. */
export async function checkService(folder: string, file: string): Promise<void> {
  const tsc = join(modules, 'typescript', 'bin', 'tsc');
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023'];
  await mustRun(process.execPath, [tsc, ...options, '--types', 'node', file], join(folder, 'service'));
}
