import { randomUUID } from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The module as a process loads it that has the variables of this moment. */
const load = async (): Promise<typeof import('./telemetry.ts')> =>
  await import(`./telemetry.ts?loaded=${randomUUID()}`);

it('traces invocations in Lambda, and has nothing to do with X-Ray elsewhere', async () => {
  const elsewhere = await load();
  expect(elsewhere.tracing).toEqual([]);
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'migrations-backfill');
  const inLambda = await load();
  expect(inLambda.tracing).toEqual([expect.objectContaining({ before: expect.any(Function) })]);
});

it('reports gauges under a dimension of their own, several values in one line of the log', async () => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'migrations-watch');
  vi.stubEnv('THESEUS_ENVIRONMENT', 'dev');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  // It writes past the global console otherwise.
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  const lines: string[] = [];
  const written = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
  const { invocationMetrics } = await load();
  const { metrics, publish } = invocationMetrics('watch-migrations');
  metrics.count('Looked');
  for (const value of [1, 2]) metrics.gauge({ name: 'phase', value: 'soak' }, 'P99Ms', 'milliseconds', value);
  metrics.gauge({ name: 'phase', value: 'backfill' }, 'P99Ms', 'milliseconds', 3);
  publish();
  written.mockRestore();
  const told = lines.map((line) => JSON.parse(line)).map(({ _aws, ...values }) => values);
  expect(told).toEqual([
    { service: 'watch-migrations', environment: 'dev', Looked: 1 },
    { service: 'watch-migrations', environment: 'dev', phase: 'soak', P99Ms: [1, 2] },
    { service: 'watch-migrations', environment: 'dev', phase: 'backfill', P99Ms: 3 },
  ]);
});
