import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** One PostgreSQL server for all files of a run, started when the first test asks for a database; each file's go with it. */
const databases = {
  globalSetup: ['local/postgres/test-server.ts'],
  setupFiles: ['local/postgres/drop-databases.ts'],
};
const exclude = ['**/node_modules/**', '**/cdk.out/**'];

/** A test waits a tenth to a fifth of its time, for a start of a process or a moment: on two cores three keep both busy. */
const workers = 3;

/**
 * Node loads modules as it does for the product: nothing is transformed, once for each project, and no test replaces a
 * module by another.
 */
const experimental = { viteModuleRunner: false, nodeLoader: false };

/**
 * Tests that need PostgreSQL stand beside the code as `*.pg.test.ts`. Groups run one after the other: the quick ones
 * first, and what starts many processes last.
 */
function project(name: string, include: string[], groupOrder: number, testTimeout: number, more: object) {
  return {
    test: {
      name,
      include,
      exclude,
      testTimeout,
      hookTimeout: 180_000,
      pool: 'forks' as const,
      maxWorkers: workers,
      experimental,
      sequence: { groupOrder },
      ...more,
    },
  };
}

/** Half a minute and more each: what begins last is what everything waits for. */
const longest = [
  'end-to-end/demo-deployment',
  'workflows/bundles',
  'end-to-end/docs',
  'end-to-end/clients',
  'chaos/kill-deployment',
  'chaos/kill-deprecation',
  'chaos/kill-way-back',
  'chaos/kill-every-state',
  'end-to-end/operations',
  'end-to-end/hundred',
  // Not before the bundles above are made, which it takes: half a minute of both cores, once and not twice.
  ...[
    'workflows/release',
    'workflows/fleet',
    'workflows/data',
    'workflows/services',
    'infrastructure/checks',
  ],
  'end-to-end/cli',
  'end-to-end/demo',
  'end-to-end/pitfalls',
  'chaos/worker',
  'chaos/random-kills',
  'end-to-end/demo-deprecation',
  'end-to-end/demo-flags',
  'end-to-end/blue-green',
  'chaos/clients/no-client-fails',
  'end-to-end/rollback',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return found === -1 ? longest.length : found;
    };
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || place(a) - place(b));
  }
}

/** Files share their process: to load the same modules for each anew is half of what small tests take. */
const shared = { isolate: false };
const beside = (ending: string) => [`{functions,local,cli,bin,demo,bench}/**/*${ending}`];

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
    sequence: { sequencer: LongestFirst },
    projects: [
      project('unit', beside('.test.ts'), 0, 60_000, {
        ...shared,
        exclude: [...exclude, '**/*.pg.test.ts'],
      }),
      project('database', beside('.pg.test.ts'), 1, 120_000, { ...shared, ...databases }),
      // Whatever operations do, on a second major too.
      project('postgresql-15', ['functions/migrations/plan/**/*.pg.test.ts'], 1, 120_000, {
        ...shared,
        ...databases,
        globalSetup: ['local/postgres/test-server-15.ts'],
      }),
      project('infrastructure', ['test/infrastructure/**/*.test.ts', 'cdk/**/*.test.ts'], 1, 240_000, shared),
      project('workflows', ['test/workflows/**/*.test.ts'], 1, 240_000, {
        ...shared,
        ...databases,
        setupFiles: [...databases.setupFiles, 'test/workflows/stop-platforms.ts'],
      }),
      project('end-to-end', ['test/{end-to-end,chaos}/**/*.test.ts', 'examples/**/*.test.ts'], 2, 240_000, {
        ...shared,
        ...databases,
        setupFiles: [...databases.setupFiles, 'test/end-to-end/stop-platforms.ts'],
      }),
    ],
  },
});
