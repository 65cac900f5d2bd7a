import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { NewDeployment } from '../schemas.ts';

const page = readFileSync(new URL('../../../docs/deployment-targets.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);

it('docs/deployment-targets.md has parts of deployments that are accepted as they stand there', () => {
  expect(blocks.length).toBeGreaterThan(4);
  for (const text of blocks) {
    const { success, error } = NewDeployment.safeParse({ service: 'shop', version: '1.4.0', ...parse(text) });
    expect(success, `${text}\n${error}`).toBe(true);
  }
});
