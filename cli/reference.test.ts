import { expect, it } from 'vitest';
import { currentPage } from './reference.ts';

it('docs/cli.md has every verb and option; node cli/reference.ts writes them anew', async () => {
  const { found, expected } = await currentPage();
  expect(found).toBe(expected);
});
