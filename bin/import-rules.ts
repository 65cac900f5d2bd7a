import { join } from 'node:path';
import { type Import, readSources, type SourceFile } from './imports-of.ts';

const FOLDERS = ['functions', 'local', 'cli', 'cdk', 'bench', 'test', 'demo', 'examples', 'bin'];
/** Rooms that may be imported by every capability. */
const SHARED = ['platform', 'compatibility', 'transformations', 'judge'];
/** What computes only: the same input gives the same output, wherever and whenever it runs. */
const PURE =
  /^functions\/(migrations\/(file|lint|rewrite|plan|operations|sql|pacing|registry|schedule)|flags\/(evaluation|authoring|statistics)|configuration\/resolution|judge|compatibility|transformations)\//;
const IMPURE_FILE = /^functions\/platform\/(clock|ids|random|environment|clients|telemetry|task)\.ts$/;
/** Reads a file of a package, which is the same wherever and whenever it is read. */
const CONSTANT_FILE = /^functions\/transformations\/programs\/jsonata-source\.ts$/;
const IMPURE_PACKAGE = /^(@aws-sdk\/|@smithy\/|@aws-lambda-powertools\/|@middy\/|pg$|pg-)/;
/** Built-in modules that compute only. */
const PURE_BUILTIN = /^node:(assert|buffer|path|querystring|string_decoder|url|util)(\/|$)/;
/** Of others, what does: without chance; of V8 how code is compiled, and of vm and process how long it may run and has run, which change nothing of what it computes. */
const PURE_NAMES: Record<string, readonly string[]> = {
  'node:crypto': ['createHash', 'createHmac', 'timingSafeEqual', 'hash'],
  'node:module': ['stripTypeScriptTypes'],
  'node:process': ['threadCpuUsage'],
  'node:v8': ['setFlagsFromString'],
  'node:vm': ['constants', 'createContext', 'Script'],
};
const SDK_CLIENT =
  /Client$|^(DynamoDBDocument|DynamoDB|S3|SFN|Lambda|EventBridge|Scheduler|SecretsManager|AppConfig|AppConfigData|KMS|STS|CloudWatch)$|^(\*|default)$/;

const isTest = (path: string) => path.endsWith('.test.ts');
const sliceOf = (path: string) => /^functions\/([^/]+)\//.exec(path)?.[1];
const values = (file: SourceFile) => file.imports.filter((one) => !one.typeOnly);

/** Checks the source files below `root` and returns one line for each broken rule, naming the file. */
export function brokenRules(root: string): string[] {
  const files = readSources(root, FOLDERS);
  const byPath = new Map(files.map((file) => [file.path, file]));
  return [
    ...files.flatMap((file) => [...rooms(file), ...clients(file), ...timeAndChance(file)]),
    ...files
      .filter((file) => PURE.test(file.path) && !CONSTANT_FILE.test(file.path) && !isTest(file.path))
      .flatMap((file) => purity(file, byPath)),
    ...cycles(files, byPath),
  ];
}

/** A capability uses another one's API or events, never its code; the product cannot tell where it runs. */
function rooms(file: SourceFile): string[] {
  const own = sliceOf(file.path);
  if (!own) return [];
  return file.imports.flatMap(({ file: target }) => {
    if (target === undefined) return [];
    const other = sliceOf(target);
    if (other === undefined) {
      const allowed = isTest(file.path) || /^(functions|state-machines|package\.json)/.test(target);
      return allowed ? [] : [`${file.path} imports ${target}: functions/ imports only functions/`];
    }
    if (other === own || (SHARED.includes(other) && own !== 'platform')) return [];
    return [
      `${file.path} imports ${target}: ${own} may import itself${own === 'platform' ? '' : ', platform, compatibility, transformations and judge'} only`,
    ];
  });
}

function clients(file: SourceFile): string[] {
  if (!sliceOf(file.path) || sliceOf(file.path) === 'platform' || isTest(file.path)) return [];
  return values(file)
    .filter((one) => one.specifier.startsWith('@aws-sdk/'))
    .flatMap((one) =>
      one.names.filter((name) => SDK_CLIENT.test(name)).map((name) => ({ name, from: one.specifier })),
    )
    .map(
      ({ name, from }) =>
        `${file.path} imports ${name} of ${from}: only functions/platform/ makes SDK clients (import the type)`,
    );
}

/** Time, chance and ids come from platform/, where tests and the laptop's clock replace them. */
function timeAndChance(file: SourceFile): string[] {
  const own = sliceOf(file.path);
  if (!own || own === 'platform' || isTest(file.path)) return [];
  return file.ambient.map(
    (use) => `${file.path} calls ${use}: take clock.ts, random.ts or ids.ts of functions/platform/`,
  );
}

function impurity(one: Import): string | undefined {
  if (one.file !== undefined) return IMPURE_FILE.test(one.file) ? one.file : undefined;
  if (IMPURE_PACKAGE.test(one.specifier)) return one.specifier;
  if (!one.specifier.startsWith('node:') || PURE_BUILTIN.test(one.specifier)) return undefined;
  const pure = PURE_NAMES[one.specifier];
  if (!pure) return one.specifier;
  const name = one.names.find((candidate) => !pure.includes(candidate));
  return name && `${name} of ${one.specifier}`;
}

/** Follows the value imports of a pure file to whatever they reach and says by which way something impure is reached. */
function purity(start: SourceFile, byPath: ReadonlyMap<string, SourceFile>): string[] {
  const broken: string[] = [];
  const seen = new Set([start.path]);
  const ways: SourceFile[][] = [[start]];
  for (let way = ways.shift(); way; way = ways.shift()) {
    for (const one of values(way.at(-1) ?? start)) {
      const impure = impurity(one);
      const trail = way
        .slice(1)
        .map((file) => ` by way of ${file.path}`)
        .join(',');
      if (impure) broken.push(`${start.path} reaches ${impure}${trail}: it is to compute only`);
      const next = byPath.get(one.file ?? '');
      if (!next || impure || seen.has(next.path) || CONSTANT_FILE.test(next.path)) continue;
      seen.add(next.path);
      ways.push([...way, next]);
    }
  }
  return broken;
}

/** Each circle of imports once, types included, from its first file in the alphabet: nobody can start reading in a circle. */
function cycles(files: readonly SourceFile[], byPath: ReadonlyMap<string, SourceFile>): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const path: string[] = [];
  function follow(file: SourceFile): void {
    const at = path.indexOf(file.path);
    if (at >= 0) {
      const circle = path.slice(at);
      const first = circle.indexOf([...circle].sort()[0] ?? '');
      found.add([...circle.slice(first), ...circle.slice(0, first), circle[first]].join(' → '));
      return;
    }
    if (done.has(file.path)) return;
    path.push(file.path);
    for (const one of file.imports) {
      const next = byPath.get(one.file ?? '');
      if (next) follow(next);
    }
    path.pop();
    done.add(file.path);
  }
  for (const file of files) follow(file);
  return [...found].map((circle) => `import cycle: ${circle}`);
}

if (import.meta.main) {
  const broken = brokenRules(join(import.meta.dirname, '..'));
  for (const line of broken) process.stderr.write(`${line}\n`);
  if (broken.length > 0) {
    process.stderr.write(`${broken.length} import rules broken; the rules are in bin/import-rules.ts.\n`);
    process.exitCode = 1;
  }
}
