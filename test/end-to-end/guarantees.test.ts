import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

it('docs/migrations-guarantees.md names tests that exist', () => {
  const text = readFileSync(join(root, 'docs/migrations-guarantees.md'), 'utf8');
  const rows = [...text.matchAll(/^\| \S.* \| \[(\S+)\]\(\.\.\/(\S+)\): (.+) \|$/gm)];
  expect(rows.length).toBe(
    text.split('\n').filter((line) => line.startsWith('| ') && line.includes('](')).length,
  );
  expect(rows.length).toBeGreaterThan(50);
  const missing = rows.flatMap(([, shown, path = '', title = '']) =>
    shown === path && readFileSync(join(root, path), 'utf8').includes(title) ? [] : [`${path}: ${title}`],
  );
  expect(missing).toEqual([]);
});
