import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../failure.ts';
import { findFiles } from './files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'theseus-lint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(
      join(folder, path),
      path.endsWith('.yaml') ? 'operations:\n  - drop_table: {name: a}\n' : '{}',
    );
  }
}
const found = (...names: string[]) =>
  findFiles(names.map((name) => join(folder, name))).map(({ path, transaction }) => [
    path.slice(path.lastIndexOf(folder.slice(1)) + folder.length),
    transaction,
  ]);

describe('findFiles', () => {
  it('knows by the folder who opens a transaction', () => {
    write('prisma/migrations/migration_lock.toml', 'prisma/migrations/1_init/migration.sql');
    write('drizzle/0000_a.sql', 'drizzle/meta/_journal.json', 'drizzle/meta/0000_snapshot.json');
    write(
      'flyway/V10__b.sql',
      'flyway/V2__a.sql',
      'flyway/R__views.sql',
      'plain/b.sql',
      'plain/10_a.yaml',
      'plain/other.json',
    );
    expect(found('.')).toEqual([
      ['drizzle/0000_a.sql', 'file'],
      ['flyway/R__views.sql', 'several'],
      ['flyway/V2__a.sql', 'several'],
      ['flyway/V10__b.sql', 'several'],
      ['plain/10_a.yaml', 'file'],
      ['plain/b.sql', 'none'],
      ['prisma/migrations/1_init/migration.sql', 'several'],
    ]);
  });

  it('takes files, folders and patterns, each file once', () => {
    write('a/1.sql', 'a/2.sql', 'a/b/3.sql');
    expect(found('a/2.sql', 'a', 'a/**/*.sql').map(([path]) => path)).toEqual([
      'a/2.sql',
      'a/1.sql',
      'a/b/3.sql',
    ]);
  });

  it.each([
    ['nothing.sql', 'matches no file', 2],
    ['empty/*.sql', 'matches no file', 2],
    ['a.txt', 'is neither .sql nor', 2],
  ])('refuses %s', (name, words, code) => {
    write('a.txt', 'empty/x.txt');
    expect(() => found(name)).toThrow(words);
    try {
      found(name);
    } catch (error) {
      expect(error instanceof Failure && error.code).toBe(code);
    }
  });

  it('refuses a large file without reading it', () => {
    write('large.sql');
    truncateSync(join(folder, 'large.sql'), 5_000_000_000);
    expect(() => found('large.sql')).toThrow('has 5000000000 bytes');
  });
});
