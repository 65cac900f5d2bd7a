import { expect, it } from 'vitest';
import { detailsOf } from './client.ts';

it('names every refused field once', () => {
  const one = { pointer: '/operations/0/add_colum', detail: '"add_colum" is not an operation' };
  const two = { pointer: '', detail: 'Not YAML or JSON at line 1' };
  expect(detailsOf('The migration file has 1 problem', [one])).toEqual([`${one.pointer}: ${one.detail}`]);
  expect(detailsOf(`Refused: ${one.detail}`, [one])).toEqual([]);
  expect(detailsOf('The migration file has 2 problems', [one, two])).toEqual([
    `${one.pointer}: ${one.detail}`,
    '/: Not YAML or JSON at line 1',
  ]);
});
