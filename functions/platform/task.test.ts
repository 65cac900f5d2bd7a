import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { readFailure } from './causes.ts';
import { setClock, systemClock } from './clock.ts';
import { Conflict, TaskInputInvalid } from './errors.ts';
import { DeadlineNear, task } from './task.ts';

/** Lambda reads nothing else of the context here. */
const context = (remainingMs: number): Context =>
  ({ awsRequestId: 'req_1', getRemainingTimeInMillis: () => remainingMs }) as Context;

const double = task({
  name: 'double',
  input: z.object({ migrationId: z.string(), value: z.number() }),
  output: z.object({ value: z.number() }),
  handler: async ({ value }) => {
    if (value === 13)
      throw new Conflict('Thirteen is taken', { evidence: { value }, action: 'Choose another.' });
    if (value === 14) throw new TypeError('connect postgres://shop:hunter2@db/shop failed');
    // Deliberately outside the contract for one value.
    if (value === 15) return { value: 'fifteen' } as unknown as { value: number };
    return { value: value * 2 };
  },
});

const failureOf = async (running: Promise<unknown>): Promise<Error> => {
  const outcome = await running.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error('It was expected to fail');
};

describe('task', () => {
  it('parses, runs and parses', async () => {
    expect(await double({ migrationId: 'm', value: 2 }, context(60_000))).toEqual({ value: 4 });
  });

  it('refuses fields outside its contract, named, with an error no machine retries', async () => {
    const error = await failureOf(double({ migrationId: 'm', value: 'x', extra: 1 }, context(60_000)));
    expect(error.name).toBe('TaskInputInvalid');
    expect(new TaskInputInvalid('').retryable).toBe(false);
    const { evidence } = readFailure(
      'TaskInputInvalid',
      JSON.stringify({ errorType: error.name, errorMessage: error.message }),
    );
    expect(JSON.stringify(evidence)).toContain('/value');
    expect(JSON.stringify(evidence)).toContain('/extra');
  });

  it('refuses an answer outside its contract', async () => {
    const error = await failureOf(double({ migrationId: 'm', value: 15 }, context(60_000)));
    expect(error.name).toBe('TaskOutputInvalid');
  });

  it('keeps name, evidence and action of a named error through what Lambda can carry', async () => {
    const error = await failureOf(double({ migrationId: 'm', value: 13 }, context(60_000)));
    const cause = JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: [] });
    expect(readFailure('Conflict', cause)).toEqual({
      name: 'Conflict',
      message: 'Thirteen is taken',
      evidence: { value: 13 },
      action: 'Choose another.',
      retryable: false,
    });
  });

  it('passes unknown errors by their own name, without passwords', async () => {
    const error = await failureOf(double({ migrationId: 'm', value: 14 }, context(60_000)));
    expect(error.name).toBe('TypeError');
    expect(`${error.message}${error.stack}`).not.toContain('hunter2');
  });

  it('names its contract for tests and documents', () => {
    expect(double.definition.name).toBe('double');
  });
});

describe('the deadline', () => {
  let sleeps: { ms: number; wake: () => void; signal: AbortSignal | undefined }[] = [];
  let restore = () => {};
  beforeEach(() => {
    sleeps = [];
    restore = setClock({
      ...systemClock,
      sleep: (ms, signal) => new Promise((resolve) => sleeps.push({ ms, wake: resolve, signal })),
    });
  });
  afterEach(() => restore());

  const waiting = task({
    name: 'waiting',
    input: z.object({}),
    output: z.object({ left: z.number() }),
    handler: async (_input, { signal, deadline }) => {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      return { left: deadline() };
    },
  });

  it('aborts the signal 2 s before the end with a retryable error', async () => {
    const running = failureOf(waiting({}, context(30_000)));
    await vi.waitFor(() => expect(sleeps).toHaveLength(1), { interval: 1, timeout: 30_000 });
    expect(sleeps[0]?.ms).toBe(28_000);
    sleeps[0]?.wake();
    expect((await running).name).toBe('DeadlineNear');
    expect(new DeadlineNear('').retryable).toBe(true);
  });

  it('leaves a short invocation four fifths of its time', async () => {
    const running = failureOf(waiting({}, context(1_000)));
    await vi.waitFor(() => expect(sleeps).toHaveLength(1), { interval: 1, timeout: 30_000 });
    expect(sleeps[0]?.ms).toBe(800);
    sleeps[0]?.wake();
    await running;
  });

  it('lets its timer go when the task ends', async () => {
    await double({ migrationId: 'm', value: 1 }, context(30_000));
    expect(sleeps[0]?.signal?.aborted).toBe(true);
  });
});
