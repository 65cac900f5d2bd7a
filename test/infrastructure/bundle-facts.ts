import { build } from 'esbuild';
import { type FunctionName, migrationFunctions } from '#migrations/functions.ts';
import { root } from '../../cdk/constructs/repository.ts';
import { entryOf } from '../../cdk/slices/migration-tasks.ts';

/** What a handler's code still contains when everything it does not use is shaken off. */
export interface BundleFacts {
  /** AWS SDK commands it constructs, without `Command`: `PutObject`. */
  commands: Set<string>;
  /** Variables of ours that it reads. */
  variables: Set<string>;
}

const isFunctionName = (name: string): name is FunctionName => name in migrationFunctions;
export const functionNames = Object.keys(migrationFunctions).filter(isFunctionName);

const found = (text: string, pattern: RegExp): Set<string> =>
  new Set([...text.matchAll(pattern)].map(([, name]) => name ?? ''));

/** State machine variables are read by kind through one table, which names them all. */
const stateMachineVariable = /"(MIGRATION\w*_STATE_MACHINE_ARN)"/g;

/** Bundles handlers, given by name and file, without packages and reads what is left. About a second. */
export async function factsOf(entryPoints: Record<string, string>): Promise<Map<string, BundleFacts>> {
  const built = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: 'bundle-facts',
    write: false,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    treeShaking: true,
    logLevel: 'silent',
  });
  return new Map(
    Object.keys(entryPoints).map((name) => {
      const text = built.outputFiles.find(({ path }) => path.endsWith(`/${name}.js`))?.text;
      if (text === undefined) throw new Error(`${name} was not bundled`);
      const variables = found(
        text,
        /(?:environmentVariable\("|variable: "|process\.env\.(?=THESEUS_))(\w+)/g,
      );
      if (/environmentVariable\(stateMachineVariables/.test(text)) {
        for (const variable of found(text, stateMachineVariable)) variables.add(variable);
      }
      return [name, { commands: found(text, /new (?:\w+\.)?(\w+?)Command\d*\(/g), variables }];
    }),
  );
}

/** The same of every handler of migrations. */
export async function bundleFacts(): Promise<Map<FunctionName, BundleFacts>> {
  const facts = await factsOf(Object.fromEntries(functionNames.map((name) => [name, entryOf(name)])));
  return new Map([...facts].flatMap(([name, one]) => (isFunctionName(name) ? [[name, one]] : [])));
}
