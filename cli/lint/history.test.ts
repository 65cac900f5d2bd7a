import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { historyEntry, nameOf } from './history.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'theseus-history-'));
  mkdirSync(join(folder, 'meta'));
  mkdirSync(join(folder, '1_init'));
  writeFileSync(join(folder, '0000_a.sql'), 'SELECT 1');
  writeFileSync(join(folder, '1_init', 'migration.sql'), 'SELECT 2');
});
afterEach(() => rmSync(folder, { recursive: true }));

const journal = (text: string) => writeFileSync(join(folder, 'meta', '_journal.json'), text);

it('a migration has its file’s name, or its folder’s', () => {
  expect(nameOf('a/0000_a.sql')).toBe('0000_a');
  expect(nameOf('a/1_init/migration.sql')).toBe('1_init');
});

it('reads what each tool knows', () => {
  journal('{"entries": [{"idx": 0, "tag": "0000_a", "when": 17}]}');
  expect(historyEntry('drizzle', join(folder, '0000_a.sql'))).toEqual({
    name: '0000_a',
    text: 'SELECT 1',
    when: 17,
  });
  const prisma = historyEntry('prisma', join(folder, '1_init', 'migration.sql'));
  expect(prisma).toMatchObject({ name: '1_init', text: 'SELECT 2' });
});

it('refuses files that lie elsewhere', () => {
  const drizzle = () => historyEntry('drizzle', join(folder, '0000_a.sql'));
  expect(drizzle).toThrow('does not exist');
  journal('{');
  expect(drizzle).toThrow('is no journal of Drizzle');
  journal('{"entries": []}');
  expect(drizzle).toThrow('has no migration 0000_a');
  expect(() => historyEntry('prisma', join(folder, '0000_a.sql'))).toThrow('is no migration of Prisma');
});
