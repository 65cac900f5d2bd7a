import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { NewDeployment } from './schemas.ts';

const folder = join(import.meta.dirname, '../../examples/deployments');

it('every file of examples/deployments is a deployment that is accepted', () => {
  const files = globSync('*.yaml', { cwd: folder });
  expect(files).toContain('canary.yaml');
  for (const file of files) {
    const { success, error } = NewDeployment.safeParse(parse(readFileSync(join(folder, file), 'utf8')));
    expect(success, `${file}\n${error}`).toBe(true);
  }
});
