import { defineConfig } from 'vitest/config';

/** One PostgreSQL server for all files of a run, started when the first test asks for a database. */
const globalSetup = ['local/postgres/test-server.ts'];
const exclude = ['**/node_modules/**', '**/cdk.out/**'];

/** Groups run one after the other, so that what measures time in `end-to-end` has the machine for itself. */
function project(name: string, include: string[], groupOrder: number, testTimeout: number) {
  return {
    test: {
      name,
      include,
      exclude,
      globalSetup,
      testTimeout,
      hookTimeout: 60_000,
      pool: 'forks' as const,
      maxWorkers: 2,
      sequence: { groupOrder },
    },
  };
}

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
      project('unit', ['{functions,local,cli,bin,demo,bench}/**/*.test.ts'], 0, 10_000),
      project('infrastructure', ['test/infrastructure/**/*.test.ts', 'cdk/**/*.test.ts'], 1, 120_000),
      project('workflows', ['test/workflows/**/*.test.ts'], 2, 60_000),
      project('end-to-end', ['test/{end-to-end,chaos}/**/*.test.ts', 'examples/**/*.test.ts'], 3, 120_000),
    ],
  },
});
