import { globSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const aliases: Record<string, string> = packageJson.imports;
/** Each is dozens to hundreds of modules, or starts clients: more than all the rest of what a command loads. */
const heavy =
  /^(@aws-sdk\/|@smithy\/|ajv|graphql$|@graphql-inspector\/|@theguild\/|@apidevtools\/|pg$|yaml$)/;
/** What these are for takes it: they compare descriptions, check contracts, or read and write files that people write. */
const forThat =
  /^cli\/(migration\/(offline|import)|lint\/run-rewrite|import\/folder|service\/(compatibility|describe|register|file)|api\/(diff-bundle|diff-files|transformation-files)|config\/import)\.ts$/;

/** What is loaded with a file: packages, and files of ours. What is imported later, or as a type only, is not. */
function loadedWith(file: string): string[] {
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm);
  return [...imports].map(([, specifier = '']) => {
    if (specifier.startsWith('.')) return resolve(dirname(file), specifier);
    const alias = Object.keys(aliases).find((one) => specifier.startsWith(one.slice(0, -1)));
    const target = alias && aliases[alias]?.replace('*', specifier.slice(alias.length - 1));
    return target ? resolve(root, target) : specifier;
  });
}

it('commands load nothing heavy that they do not need', () => {
  const verbs = globSync('*/*.ts', { cwd: import.meta.dirname })
    .map((file) => join(import.meta.dirname, file))
    .filter((file) => !file.endsWith('.test.ts') && !forThat.test(relative(root, file)));
  const cameBy = new Map<string, string>(verbs.map((verb) => [verb, '']));
  for (const [file] of cameBy) {
    if (!isAbsolute(file)) continue;
    for (const next of loadedWith(file)) if (!cameBy.has(next)) cameBy.set(next, file);
  }
  expect(cameBy.size).toBeGreaterThan(verbs.length);
  const wayTo = (file: string): string => {
    const before = cameBy.get(file);
    return before ? `${wayTo(before)} > ${relative(root, file) || file}` : relative(root, file);
  };
  const loaded = [...cameBy].filter(([one]) => heavy.test(one));
  expect(loaded.map(([one, by]) => `${wayTo(by)} > ${one}`)).toEqual([]);
});
