import { defineConfig } from 'vitest/config';

/** One PostgreSQL server for all files of a run, started when the first test asks for a database. */
const globalSetup = ['local/postgres/test-server.ts'];
const exclude = ['**/node_modules/**', '**/cdk.out/**'];

/** A test waits a tenth to a fifth of its time, for a start of a process or a moment: on two cores three keep both busy. */
const workers = 3;

/**
 * Tests that need PostgreSQL stand beside the code as `*.pg.test.ts`. Groups run one after the other: the quick ones
 * first, and what measures time last, with the machine for itself.
 */
function project(
  name: string,
  include: string[],
  groupOrder: number,
  testTimeout: number,
  without: string[] = [],
  setup = globalSetup,
) {
  return {
    test: {
      name,
      include,
      exclude: [...exclude, ...without],
      globalSetup: setup,
      testTimeout,
      hookTimeout: 180_000,
      pool: 'forks' as const,
      maxWorkers: workers,
      sequence: { groupOrder },
    },
  };
}

/** Files share their process: to load the same modules for each anew is half of what small tests take. */
const shared = ({ test }: ReturnType<typeof project>) => ({ test: { ...test, isolate: false } });

export default defineConfig({
  test: {
    env: {
      LOG_LEVEL: 'SILENT',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
      POWERTOOLS_TRACE_ENABLED: 'false',
      POWERTOOLS_DEV: 'false',
    },
    passWithNoTests: true,
    projects: [
      shared(
        project('unit', ['{functions,local,cli,bin,demo,bench}/**/*.test.ts'], 0, 60_000, [
          '**/*.pg.test.ts',
        ]),
      ),
      project('database', ['{functions,local,cli,bin,demo,bench}/**/*.pg.test.ts'], 1, 120_000),
      // Whatever operations do, on a second major too.
      project(
        'postgresql-15',
        ['functions/migrations/plan/**/*.pg.test.ts'],
        1,
        120_000,
        [],
        ['local/postgres/test-server-15.ts'],
      ),
      project('infrastructure', ['test/infrastructure/**/*.test.ts', 'cdk/**/*.test.ts'], 1, 240_000),
      shared(project('workflows', ['test/workflows/**/*.test.ts'], 1, 240_000)),
      project('end-to-end', ['test/{end-to-end,chaos}/**/*.test.ts', 'examples/**/*.test.ts'], 2, 240_000),
    ],
  },
});
