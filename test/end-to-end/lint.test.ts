import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { parseMigrationFile } from '#migrations/file/parse.ts';
import { Finding } from '#migrations/lint/finding.ts';

const program = join(import.meta.dirname, '../../bin/theseus.js');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theseus-lint-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

function theseus(...words: string[]): Promise<{ code: number | null; out: string; error: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'migration', ...words], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ran = { out: '', error: '' };
    child.stdout.on('data', (piece) => {
      ran.out += piece;
    });
    child.stderr.on('data', (piece) => {
      ran.error += piece;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ran, code }));
  });
}

describe('theseus migration lint', () => {
  it('reads folders, patterns and migration files, and ends with 3 for errors alone', async () => {
    await write('a/1.sql', 'CREATE TABLE n (a bigint);\nALTER TABLE n ADD b text;');
    await write('a/2.sql', 'ALTER TABLE t ALTER a DROP NOT NULL;');
    await write('a/3.yaml', 'operations:\n  - sql:\n      up: |\n        SELECT 1;\n        DROP TABLE t;\n');
    expect((await theseus('lint', 'a/1.sql')).code).toBe(0);
    const warned = await theseus('lint', 'a/2.sql');
    expect([warned.code, warned.out.split('\n').at(-2)]).toEqual([0, '1 file read: 2 warnings']);
    expect((await theseus('lint', '--fail-on', 'warning', '--severity', 'error', 'a/2.sql')).code).toBe(3);
    const all = await theseus('lint', 'a', '--json', '--severity', 'error');
    const found = all.out
      .trim()
      .split('\n')
      .map((line) => Finding.parse(JSON.parse(line)));
    expect(all.code).toBe(3);
    expect(found).toMatchObject([
      {
        file: 'a/3.yaml',
        rule: 'ban-drop-table',
        line: 5,
        column: 9,
        operations: [{ drop_table: { name: 't' } }],
      },
    ]);
  });

  it('says what was wrong with how it was called', async () => {
    await write('b/x.sql', 'SELECT 1');
    const missing = await theseus('lint', 'b/missing.sql');
    expect([missing.code, missing.error]).toEqual([2, expect.stringContaining('matches no file')]);
    const version = await theseus('lint', 'b/x.sql', '--postgres-version', '9.6');
    expect([version.code, version.error]).toEqual([
      2,
      expect.stringContaining('expected a version from 10 to 18'),
    ]);
    expect((await theseus('lint', 'b/x.sql', '--format', 'xml')).code).toBe(2);
    const nobody = await theseus('lint', 'b/x.sql', '--database', 'postgresql://nobody@127.0.0.1:1/x');
    expect(nobody.code).toBe(5);
  });

  it('asks a database for sizes and types, and changes nothing there', async () => {
    const url = await createDatabase('lint');
    const sql = new pg.Client({ connectionString: url });
    await sql.connect();
    await sql.query(
      'CREATE TABLE big (id int PRIMARY KEY, name varchar(10)); INSERT INTO big SELECT g FROM generate_series(1, 5000) g; ANALYZE big',
    );
    await write('c/x.sql', 'CREATE INDEX i ON big (name);\nALTER TABLE big ALTER name TYPE varchar(20);');
    const { out, code } = await theseus('lint', 'c', '--database', url);
    await sql.query('DROP TABLE big');
    const { rows } = await sql.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'theseus%'`);
    await sql.end();
    expect(rows).toEqual([]);
    expect(code).toBe(3);
    expect(out).toMatch(/while the index is built: roughly less than a second for about 5,000 rows, \d+ kB/);
    expect(out).not.toContain('changing-column-type');
  });
});

describe('theseus migration rewrite', () => {
  it('writes a file, keeps one that is there, and notes Prisma’s history', async () => {
    await write(
      'prisma/1_init/migration.sql',
      'CREATE TABLE "User" ("id" TEXT NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));\n',
    );
    const words = [
      'rewrite',
      'prisma/1_init/migration.sql',
      '--history',
      'prisma',
      '--output',
      '01_init.yaml',
    ];
    const made = await theseus(...words);
    expect([made.code, made.out]).toEqual([0, '01_init.yaml: 2 operations, of these 0 SQL as it was\n']);
    const text = await readFile(join(folder, '01_init.yaml'), 'utf8');
    const file = parseMigrationFile(text);
    expect([file.name, file.operations.map(({ kind }) => kind)]).toEqual([
      '01_init',
      ['create_table', 'sql'],
    ]);
    const again = await theseus(...words);
    expect([again.code, again.error]).toEqual([3, expect.stringContaining('exists already')]);
    expect(await readFile(join(folder, '01_init.yaml'), 'utf8')).toBe(text);
  });

  it('prints the file alone on standard output, and refuses what is not SQL', async () => {
    await write('d/x.sql', 'ALTER TABLE t ALTER a SET NOT NULL');
    const { out, error } = await theseus('rewrite', 'd/x.sql');
    expect(parseMigrationFile(out).operations).toHaveLength(1);
    expect(error).toContain('operation 1: review up');
    await write('d/y.sql', 'ALTRE TABLE t');
    const refused = await theseus('rewrite', 'd/y.sql', '--output', 'y.yaml');
    expect([refused.code, refused.error]).toEqual([
      3,
      expect.stringContaining('d/y.sql:1:1 error syntax-error'),
    ]);
    expect(existsSync(join(folder, 'y.yaml'))).toBe(false);
  });
});
