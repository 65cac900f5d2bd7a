import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';

// The package that services install: what package.json exports as TypeScript, which Node does not run below
// node_modules, as JavaScript with types, and with few dependencies of the many that the platform has.
//   npm run pack:client
//   node bin/preflight.js bin/client-package.ts [folder, emptied first]

interface PackageFile {
  version: string;
  license: string;
  exports: Record<string, string>;
  dependencies: Record<string, string>;
}

const root = join(import.meta.dirname, '..');

/** A service's own zod makes the schemas that it gives: one for both, where it is not older than what was tried. */
const oldest: Record<string, string> = { zod: '^4.0.0' };

/** What a service has itself where it uses what needs them, likewise. */
const peers: Record<string, string> = {
  '@aws-sdk/client-appconfigdata': '^3.100.0',
  '@openfeature/server-sdk': '^1.18.0',
};

/** What is not of this repository is imported by name; what of it is not used is not loaded. */
const packagesStayOutside: Plugin = {
  name: 'packages-stay-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^.#/]/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path, external: true, sideEffects: false },
    );
  },
};

/** Names as npm knows them: `zod` of `zod/v4`. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Writes the JavaScript and says which packages it imports. */
async function writeCode(entries: ReadonlyMap<string, string>, folder: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries),
    outdir: folder,
    bundle: true,
    splitting: true,
    chunkNames: 'internal/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    metafile: true,
    logLevel: 'warning',
    plugins: [packagesStayOutside],
  });
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.flatMap(({ path, external }) => (external && !path.startsWith('node:') ? [packageOf(path)] : [])),
  );
  return [...new Set(imported)].sort();
}

/** Writes declarations of all files that the entries are made of. Throws Error with what does not fit. */
async function writeDeclarations(entries: ReadonlyMap<string, string>, folder: string): Promise<void> {
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    // What Node 20 does not have is an error here.
    lib: ['es2023'],
    rootDir: root,
    typeRoots: [join(root, 'node_modules', '@types')],
    outDir: folder,
  };
  const files = [...entries.values()].map((path) => join(root, path));
  const extended = relative(folder, join(root, 'tsconfig.json')).replaceAll('\\', '/');
  const project = { extends: extended, compilerOptions, include: [], exclude: [], files };
  await writeFile(config, JSON.stringify(project));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', config]).catch(({ stdout }) => {
    throw new Error(`The types of the package could not be made:\n${stdout}`);
  });
}

const specifiers = /(?<=(?:\bfrom |\bimport\()['"])[^'"]+(?=['"])/g;

/** Copies a declaration and those it needs, which name each other as the files that they stand for. */
async function copyDeclaration(path: string, from: string, to: string, done: Set<string>): Promise<void> {
  if (done.has(path)) return;
  done.add(path);
  const needed: string[] = [];
  const text = (await readFile(join(from, `${path}.d.ts`), 'utf8')).replaceAll(specifiers, (specifier) => {
    if (!/^[.#]/.test(specifier)) return specifier;
    const bare = specifier.replace(/\.ts$/, '');
    const target = bare.startsWith('#')
      ? bare.replace('#', 'functions/')
      : join(dirname(path), bare).replaceAll('\\', '/');
    needed.push(target);
    const way = relative(dirname(path), target).replaceAll('\\', '/');
    return `${way.startsWith('.') ? way : `./${way}`}.js`;
  });
  const copy = join(to, `${path}.d.ts`);
  await mkdir(dirname(copy), { recursive: true });
  await writeFile(copy, text);
  for (const target of needed) await copyDeclaration(target, from, to, done);
}

function manifestOf(
  own: PackageFile,
  entries: ReadonlyMap<string, string>,
  imported: readonly string[],
): object {
  const unknown = imported.filter((name) => own.dependencies[name] === undefined);
  if (unknown.length > 0) throw new Error(`package.json has no dependency ${unknown.join(', ')}`);
  const needed = imported.filter((name) => !Object.hasOwn(peers, name));
  return {
    name: 'theseus',
    version: own.version,
    description: 'Flags and configuration of a Theseus platform in a service',
    license: own.license,
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20' },
    exports: Object.fromEntries(
      [...entries].map(([name, path]) => [
        `./${name}`,
        { types: `./types/${path.replace(/\.ts$/, '.d.ts')}`, default: `./${name}.js` },
      ]),
    ),
    dependencies: Object.fromEntries(
      needed.map((name) => [name, oldest[name] ?? `^${own.dependencies[name]}`]),
    ),
    peerDependencies: peers,
    peerDependenciesMeta: Object.fromEntries(Object.keys(peers).map((name) => [name, { optional: true }])),
  };
}

/**
 * Makes the package in an empty folder, from the exports of package.json that are TypeScript. Throws Error when the
 * types do not fit, or where something is used that Node 20 does not have.
 */
async function makeClientPackage(folder: string): Promise<void> {
  // As JSON it is what package.json is written as.
  const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as PackageFile;
  const entries = new Map(
    Object.entries(own.exports)
      .filter(([, path]) => path.endsWith('.ts'))
      .map(([name, path]) => [name.slice(2), path.slice(2)]),
  );
  await rm(folder, { recursive: true, force: true });
  const declarations = join(folder, '.declarations');
  await mkdir(declarations, { recursive: true });
  const imported = await writeCode(entries, folder);
  await writeDeclarations(entries, declarations);
  const done = new Set<string>();
  for (const path of entries.values())
    await copyDeclaration(path.replace(/\.ts$/, ''), declarations, join(folder, 'types'), done);
  await rm(declarations, { recursive: true });
  await writeFile(
    join(folder, 'package.json'),
    `${JSON.stringify(manifestOf(own, entries, imported), null, 2)}\n`,
  );
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

const [folder = join(root, 'dist', 'client')] = process.argv.slice(2);
await makeClientPackage(folder);
