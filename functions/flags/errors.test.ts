import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RecordContended, TheseusError } from '#platform/errors.ts';
import * as errors from './errors.ts';

/** The guides of this capability: each explains the errors of its part. */
const guides = ['flags', 'openfeature', 'experiments', 'flag-rollouts']
  .map((name) => new URL(`../../docs/${name}.md`, import.meta.url))
  .filter((file) => existsSync(file))
  .map((file) => readFileSync(file, 'utf8'));
const rows = guides.flatMap((text) => [
  ...text.slice(text.indexOf('\n## Errors\n')).matchAll(/^\| `(\w+)` \| (\S.*) \| \S.* \|$/gm),
]);
type Named = new (message: string) => TheseusError;
// Their own, and the one of the platform that every record may bring.
const named = [...Object.values(errors), RecordContended]
  .filter((value) => value.prototype instanceof TheseusError)
  // All are made from a message.
  .map((Made) => new (Made as Named)('x'));

it('the guides explain every named error, no other, and says which may be tried again', () => {
  expect([...new Set(rows.map(([, name]) => name))].toSorted()).toEqual(
    named.map(({ name }) => name).toSorted(),
  );
  const again = rows.flatMap(([, name, meaning]) => (meaning?.endsWith('(again)') ? [name] : []));
  expect(again.toSorted()).toEqual(
    named.flatMap(({ name, retryable }) => (retryable ? [name] : [])).toSorted(),
  );
});
