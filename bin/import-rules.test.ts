import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokenRules } from './import-rules.ts';

const repository = join(import.meta.dirname, '..');

describe('the import rules', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rules-'));
    write(
      'package.json',
      JSON.stringify({ imports: { '#platform/*': './functions/platform/*', '#local/*': './local/*' } }),
    );
    write('functions/platform/clock.ts', 'export const clock = { now: () => Date.now() };');
    write('functions/platform/errors.ts', 'export class TheseusError extends Error {}');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  it.each<[string, string, string, RegExp | undefined]>([
    [
      'another capability',
      'functions/flags/a.ts',
      "import { x } from '../migrations/store.ts';",
      /flags may import itself, platform, compatibility, transformations and judge only/,
    ],
    [
      'a type of another capability',
      'functions/flags/a.ts',
      "import type { X } from '../migrations/store.ts';",
      /flags may import itself/,
    ],
    ['platform', 'functions/flags/a.ts', "import { TheseusError } from '#platform/errors.ts';", undefined],
    [
      'a capability from platform',
      'functions/platform/a.ts',
      "import { x } from '../flags/x.ts';",
      /platform may import itself only/,
    ],
    [
      'the laptop, by alias',
      'functions/flags/a.ts',
      "import { x } from '#local/cloud.ts';",
      /imports local\/cloud\.ts: functions\/ imports only functions\//,
    ],
    [
      'the laptop, by path',
      'functions/flags/b/a.ts',
      "export * from '../../../local/cloud.ts';",
      /imports only functions\//,
    ],
    [
      'the laptop, later',
      'functions/flags/a.ts',
      "export const x = () => import('../../local/cloud.ts');",
      /imports only functions\//,
    ],
    [
      'the command line',
      'functions/flags/a.ts',
      "import { x } from '../../cli/x.ts';",
      /imports only functions\//,
    ],
    ['the laptop, in a test', 'functions/flags/a.test.ts', "import { x } from '#local/cloud.ts';", undefined],
    [
      'a client',
      'functions/flags/a.ts',
      "import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';",
      /imports S3Client of @aws-sdk\/client-s3: only functions\/platform/,
    ],
    [
      'everything of an SDK',
      'functions/flags/a.ts',
      "import * as s3 from '@aws-sdk/client-s3';",
      /only functions\/platform/,
    ],
    [
      'a bare client',
      'functions/flags/a.ts',
      "import { SFN } from '@aws-sdk/client-sfn';",
      /only functions\/platform/,
    ],
    [
      'the type of a client, and a command',
      'functions/flags/a.ts',
      "import { type S3Client, PutObjectCommand } from '@aws-sdk/client-s3';",
      undefined,
    ],
    [
      'a client, in platform',
      'functions/platform/clients.ts',
      "import { S3Client } from '@aws-sdk/client-s3';",
      undefined,
    ],
    ['time', 'functions/flags/a.ts', 'export const now = Date.now();', /calls Date\.now\(\)/],
    ['the present', 'functions/flags/a.ts', 'export const now = new Date();', /calls new Date\(\)/],
    ['a given moment', 'functions/flags/a.ts', 'export const then = new Date(5);', undefined],
    ['chance', 'functions/flags/a.ts', 'export const chance = Math.random();', /calls Math\.random\(\)/],
    [
      'an id',
      'functions/flags/a.ts',
      "import { randomUUID } from 'node:crypto'; export const id = randomUUID();",
      /calls randomUUID\(\)/,
    ],
    [
      'an SDK, in what computes only',
      'functions/compatibility/a.ts',
      "import { GetCommand } from '@aws-sdk/lib-dynamodb';",
      /reaches @aws-sdk\/lib-dynamodb: it is to compute only/,
    ],
    ['the database', 'functions/migrations/plan/a.ts', "import pg from 'pg';", /reaches pg:/],
    ['files', 'functions/migrations/sql/a.ts', "import { readFileSync } from 'node:fs';", /reaches node:fs/],
    [
      'the process',
      'functions/migrations/file/a.ts',
      "import { env } from 'node:process';",
      /reaches env of node:process/,
    ],
    [
      'chance of crypto',
      'functions/migrations/pacing/a.ts',
      "import { createHash, randomInt } from 'node:crypto';",
      /reaches randomInt of node:crypto/,
    ],
    [
      'a hash',
      'functions/migrations/operations/a.ts',
      "import { createHash } from 'node:crypto';",
      undefined,
    ],
    [
      'the clock',
      'functions/migrations/operations/a.ts',
      "import { clock } from '#platform/clock.ts';",
      /reaches functions\/platform\/clock\.ts/,
    ],
    [
      'the type of the clock',
      'functions/migrations/operations/a.ts',
      "import type { clock } from '#platform/clock.ts';",
      undefined,
    ],
    [
      'the clock, in a test',
      'functions/migrations/operations/a.test.ts',
      "import { clock } from '#platform/clock.ts';",
      undefined,
    ],
    [
      'the clock, where it is used',
      'functions/migrations/tasks/a.ts',
      "import { clock } from '#platform/clock.ts';",
      undefined,
    ],
  ])('see the import of %s', (_what, path, text, message) => {
    write(path, text);
    if (message) expect(brokenRules(root)).toEqual([expect.stringMatching(message)]);
    else expect(brokenRules(root)).toEqual([]);
  });

  it('follow what is pure through other files', () => {
    write('functions/migrations/plan/a.ts', "import { b } from '../steps.ts';");
    write(
      'functions/migrations/steps.ts',
      "import { clock } from '../platform/clock.ts'; export const b = clock;",
    );
    expect(brokenRules(root)).toEqual([
      'functions/migrations/plan/a.ts reaches functions/platform/clock.ts by way of functions/migrations/steps.ts: it is to compute only',
    ]);
  });

  it('see a cycle once, of types too', () => {
    write('cli/a.ts', "import { b } from './b.ts'; export const a = b;");
    write('cli/b.ts', "import { c } from './c.ts'; export const b = c;");
    write('cli/c.ts', "import { a } from './a.ts'; export const c = a;");
    write('cli/d.ts', "import type { E } from './e.ts'; export type D = E;");
    write('cli/e.ts', "import type { D } from './d.ts'; export type E = D;");
    expect(brokenRules(root)).toEqual([
      'import cycle: cli/a.ts → cli/b.ts → cli/c.ts → cli/a.ts',
      'import cycle: cli/d.ts → cli/e.ts → cli/d.ts',
    ]);
  });
});

describe('the linter', () => {
  it('refuses the globals of time, chance and the machine in what computes only', () => {
    const root = mkdtempSync(join(tmpdir(), 'lint-'));
    try {
      const {
        vcs: _git,
        $schema: _schema,
        ...settings
      } = JSON.parse(readFileSync(join(repository, 'biome.json'), 'utf8'));
      writeFileSync(join(root, 'biome.json'), JSON.stringify(settings));
      const uses = [
        'process.env.HOME',
        'new Date(5)',
        'setTimeout(f, 1)',
        'fetch(f)',
        'performance.now()',
        'crypto.randomUUID()',
      ];
      const pure = [
        'compatibility',
        ...['plan', 'sql', 'file', 'operations', 'pacing'].map((folder) => `migrations/${folder}`),
      ];
      for (const folder of [...pure, 'migrations/tasks']) {
        mkdirSync(join(root, 'functions', folder), { recursive: true });
        writeFileSync(
          join(root, 'functions', folder, 'x.ts'),
          `export const x = (f: never) => [${uses.join(', ')}];\n`,
        );
      }
      const biome = join(repository, 'node_modules', '.bin', 'biome');
      const { stdout } = spawnSync(biome, ['lint', '--reporter=json', '--max-diagnostics=none', '.'], {
        cwd: root,
        encoding: 'utf8',
      });
      const diagnostics: { category: string; location: { path: string } }[] = JSON.parse(stdout).diagnostics;
      const refused = diagnostics
        .filter((one) => one.category === 'lint/style/noRestrictedGlobals')
        .map((one) => one.location.path);
      expect(refused.sort()).toEqual(
        pure.flatMap((folder) => uses.map(() => `functions/${folder}/x.ts`)).sort(),
      );
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
