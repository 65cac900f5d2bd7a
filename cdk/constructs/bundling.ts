import {
  type BundlingOptions,
  type ICommandHooks,
  LogLevel,
  OutputFormat,
} from 'aws-cdk-lib/aws-lambda-nodejs';

/** What CommonJS packages inside an ES module still ask for. */
export const banner = [
  "import{createRequire as theseusRequire}from'node:module'",
  "import{fileURLToPath as theseusPath}from'node:url'",
  'const require=theseusRequire(import.meta.url)',
  "const __filename=theseusPath(import.meta.url),__dirname=theseusPath(new URL('.',import.meta.url))",
].join(';');

/** The PostgreSQL parser reads its WebAssembly from beside the code, so it travels along where it is used. */
const parser = 'libpg-query.wasm';
const copyParser: ICommandHooks = {
  beforeBundling: () => [],
  beforeInstall: () => [],
  afterBundling: (input, output) => [
    `if grep -q ${parser} ${output}/index.mjs; then cp ${input}/node_modules/libpg-query/wasm/${parser} ${output}/; fi`,
  ],
};

/** How every handler is bundled: by esbuild, on this machine, with all it needs inside. */
export const bundling: BundlingOptions = {
  format: OutputFormat.ESM,
  target: 'node24',
  logLevel: LogLevel.WARNING,
  minify: true,
  sourceMap: true,
  sourcesContent: false,
  mainFields: ['module', 'main'],
  externalModules: ['pg-native'], // optional in pg, never installed
  bundleAwsSDK: true, // the version that was tested, not the one Lambda happens to have
  banner: `"${banner}"`,
  commandHooks: copyParser,
};
