import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { root } from './repository.ts';

/** What CommonJS packages inside an ES module still ask for. */
const banner = [
  "import{createRequire as theseusRequire}from'node:module'",
  "import{fileURLToPath as theseusPath}from'node:url'",
  'const require=theseusRequire(import.meta.url)',
  "const __filename=theseusPath(import.meta.url),__dirname=theseusPath(new URL('.',import.meta.url))",
].join(';');

/** Loaded as a text, see functions/transformations/programs/jsonata-source.ts. */
const jsonata = 'node_modules/jsonata/jsonata.min.js';

/** The PostgreSQL parser reads its WebAssembly from beside the code, so it travels along where it is used. */
const parser = 'node_modules/libpg-query/wasm/libpg-query.wasm';
const parserScript = 'node_modules/libpg-query/wasm/libpg-query.js';

interface Bundles {
  /** Copies `index.mjs`, its source map and what it reads into `directory`. */
  copy: (name: string, directory: string) => void;
}

/** Of the repository, all that can be in a bundle or change how it is made; packages are what the lock file says. */
const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'cdk/constructs/handler-code.ts'];

/** What bundles of these entries are called while nothing that they are made of changes. */
function nameOf(entries: Record<string, string>): string {
  const folders = new Set(['functions', ...Object.values(entries).map((entry) => dirname(entry))]);
  const sources = globSync(
    [...folders].map((folder) => `${folder}/**/*.{ts,json}`),
    { cwd: root },
  );
  const hash = createHash('sha256').update(JSON.stringify(entries));
  for (const file of [...settings, ...new Set(sources)].toSorted()) {
    if (!file.endsWith('.test.ts')) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  }
  return `bundles-${hash.digest('hex').slice(0, 24)}`;
}

/** Bundles that nobody has asked for since; each entry's are several megabytes. */
const keptMs = 3_600_000;
function removeUnused(output: string): void {
  for (const name of readdirSync(output)) {
    const path = join(output, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (name.startsWith('bundles-') && Date.now() - mtimeMs > keptMs)
      rmSync(path, { recursive: true, force: true });
  }
}

/**
 * All handlers in one run of esbuild, which parses what they share once: some seconds, where one process a
 * function, as NodejsFunction starts them, takes most of a minute. What was made of the same sources is kept in
 * cdk.out, and taken again.
 */
export function bundle(entries: Record<string, string>): Bundles {
  // Inside the repository, so that source maps, and with them the hash of an asset, are the same everywhere.
  const output = join(root, 'cdk.out');
  mkdirSync(output, { recursive: true });
  removeUnused(output);
  const directory = join(output, nameOf(entries));
  if (existsSync(directory)) utimesSync(directory, new Date(), new Date());
  else build(entries, output, directory);
  return {
    copy: (name, target) => cpSync(join(directory, name), target, { recursive: true }),
  };
}

/** Nobody sees `directory` unfinished, also when two processes make it at once. */
function build(entries: Record<string, string>, output: string, directory: string): void {
  const unfinished = mkdtempSync(join(output, 'bundles-'));
  try {
    const { metafile } = buildSync({
      absWorkingDir: root,
      entryPoints: Object.fromEntries(
        Object.entries(entries).map(([name, entry]) => [`${name}/index`, entry]),
      ),
      outdir: unfinished,
      outExtension: { '.js': '.mjs' },
      metafile: true,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      minify: true,
      sourcemap: true,
      sourcesContent: false,
      mainFields: ['module', 'main'],
      external: ['pg-native'], // optional in pg, never installed; the AWS SDK is inside, as it was tested
      banner: { js: banner },
      define: { JSONATA_SOURCE: JSON.stringify(readFileSync(join(root, jsonata), 'utf8')) },
      logLevel: 'warning',
    });
    for (const { entryPoint, inputs } of Object.values(metafile.outputs)) {
      if (entryPoint === undefined || !(parserScript in inputs)) continue;
      for (const [name, entry] of Object.entries(entries)) {
        if (entry === entryPoint) cpSync(join(root, parser), join(unfinished, name, 'libpg-query.wasm'));
      }
    }
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process was quicker.
    if (!existsSync(directory)) throw error;
  }
}

/** The code of a handler, by the name it has in the entries. */
export type HandlerCode = (name: string) => Code;

/**
 * The handlers of a capability as minified ES modules, each with everything it needs inside; made offline, by
 * this process, when the first of them is asked for. `entries` are files from the repository's root.
 */
export function handlerCode(entries: Record<string, string>): HandlerCode {
  let bundles: Bundles | undefined;
  return (name) =>
    Code.fromAsset(root, {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        image: DockerImage.fromRegistry('unused'), // the local bundling below never declines
        command: [entries[name] ?? ''], // tells the assets apart in the cache that the stages share
        local: {
          tryBundle(directory: string) {
            bundles ??= bundle(entries);
            bundles.copy(name, directory);
            return true;
          },
        },
      },
    });
}
