import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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

/** The PostgreSQL parser reads its WebAssembly from beside the code, so it travels along where it is used. */
const parser = 'node_modules/libpg-query/wasm/libpg-query.wasm';
const parserScript = 'node_modules/libpg-query/wasm/libpg-query.js';

interface Bundles {
  /** Copies `index.mjs`, its source map and what it reads into `directory`. */
  copy: (name: string, directory: string) => void;
}

/**
 * All handlers in one run of esbuild, which parses what they share once: some seconds, where one process a
 * function, as NodejsFunction starts them, takes most of a minute.
 */
function bundle(entries: Record<string, string>): Bundles {
  // Inside the repository, so that source maps, and with them the hash of an asset, are the same everywhere.
  const output = join(root, 'cdk.out');
  mkdirSync(output, { recursive: true });
  const directory = mkdtempSync(join(output, 'bundles-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, entry]) => [`${name}/index`, entry])),
    outdir: directory,
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
    logLevel: 'warning',
  });
  const parsing = new Set(
    Object.values(metafile.outputs).flatMap(({ entryPoint, inputs }) =>
      entryPoint !== undefined && parserScript in inputs ? [entryPoint] : [],
    ),
  );
  return {
    copy(name, target) {
      cpSync(join(directory, name), target, { recursive: true });
      if (parsing.has(entries[name] ?? '')) cpSync(join(root, parser), join(target, 'libpg-query.wasm'));
    },
  };
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
