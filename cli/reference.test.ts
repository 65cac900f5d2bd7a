import { expect, it } from 'vitest';
import { currentPage } from './reference.ts';

it('docs/cli.md has every verb and option; node cli/reference.ts writes them anew', () => {
  const { found, expected } = currentPage();
  expect(found).toBe(expected);
});
