import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

it('docs/dependencies.md gives a reason for each dependency, and package.json pins each to one version', () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const all: Record<string, string> = { ...dependencies, ...optionalDependencies, ...devDependencies };
  const listed = [
    ...readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8').matchAll(/^\| `([^`]+)` \| \S.* \|$/gm),
  ].map((found) => found[1]);
  expect(listed.sort()).toEqual(Object.keys(all).sort());
  for (const [name, version] of Object.entries(all))
    expect(version, name).toMatch(/^(npm:[\w-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/);
});
