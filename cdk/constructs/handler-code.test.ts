import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bundle } from './handler-code.ts';
import { root } from './repository.ts';

const output = join(root, 'cdk.out');
mkdirSync(output, { recursive: true });
const directory = mkdtempSync(join(output, 'handler-code-'));
const entries = { 'a-function': relative(root, join(directory, 'entry.ts')) };
const kept = () => readdirSync(output).filter((name) => readdirIn(name).includes('a-function'));
const readdirIn = (name: string) => (name.startsWith('bundles-') ? readdirSync(join(output, name)) : []);
const before = kept();
afterAll(() => {
  for (const name of kept()) {
    if (!before.includes(name)) rmSync(join(output, name), { recursive: true, force: true });
  }
  rmSync(directory, { recursive: true, force: true });
});

function bundleOf(source: string): string {
  const target = mkdtempSync(join(directory, 'asset-'));
  writeFileSync(join(directory, 'entry.ts'), source);
  bundle(entries).copy('a-function', target);
  return readFileSync(join(target, 'index.mjs'), 'utf8');
}

it('makes bundles once of the same sources, and again when one has changed', () => {
  const first = bundleOf("export const handler = async () => 'one';");
  const [made = '', ...others] = kept().filter((name) => !before.includes(name));
  expect(others).toEqual([]);
  // What is there is taken as it is.
  writeFileSync(join(output, made, 'a-function', 'index.mjs'), 'kept');
  expect(bundleOf("export const handler = async () => 'one';")).toBe('kept');
  const second = bundleOf("export const handler = async () => 'two';");
  expect(first).toContain('one');
  expect(second).toContain('two');
  expect(second).not.toContain('one');
});
