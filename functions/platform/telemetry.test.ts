import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

it('traces invocations in Lambda, and has nothing to do with X-Ray elsewhere', async () => {
  const elsewhere = await import('./telemetry.ts');
  expect(elsewhere.tracing).toEqual([]);
  vi.resetModules();
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'migrations-backfill');
  const inLambda = await import('./telemetry.ts');
  expect(inLambda.tracing).toEqual([expect.objectContaining({ before: expect.any(Function) })]);
});
