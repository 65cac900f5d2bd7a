import { expect, it } from 'vitest';
import { ruleReferenceFile } from './reference.ts';

it('docs/lint.md explains every rule as it is: run `node cli/lint/reference.ts` after changing one', () => {
  const { should, is } = ruleReferenceFile();
  expect(is).toBe(should);
});
