import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '#local/clock.ts';
import { setEnvironment } from '#local/environment.ts';
import { startFlagsTable } from '#local/fixtures/flags-table.ts';
import { createS3 } from '#local/s3/s3.ts';
import { dynamodb, s3 } from '#platform/clients.ts';
import { Flag } from '../authoring/flag.ts';
import { readEnvironment, setEnvironment as setFlagEnvironment } from '../environments/environments.ts';
import { EnvironmentSettings } from '../schemas.ts';
import { changeFlags } from './change-flags.ts';

const bucket = 'flags-objects';
const undo: (() => unknown)[] = [];
beforeAll(async () => {
  undo.push(await startFlagsTable());
  const directory = await mkdtemp(join(tmpdir(), 'theseus-flag-objects-'));
  undo.push(() => rm(directory, { recursive: true, force: true }));
  undo.push(setEnvironment({ ARTIFACTS_BUCKET: bucket }));
  createS3({ directory, clock: systemClock(), buckets: [bucket] }).attach(s3());
});
afterAll(async () => {
  for (const one of undo.toReversed()) await one();
});

const make = (environment: string) => setFlagEnvironment(environment, EnvironmentSettings.parse({}), 'ada');

const set = (environment: string, key: string) =>
  changeFlags(environment, { by: 'ada', why: 'asked for' }, () => ({
    flags: [{ key, flag: Flag.parse({ form: { type: 'boolean', on: true } }), action: 'created' }],
  }));

/** Objects that are there, and those that the record of the environment names. */
async function objectsOf(environment: string) {
  const Prefix = `flags/${environment}/`;
  const { Contents = [] } = await s3().send(new ListObjectsV2Command({ Bucket: bucket, Prefix }));
  const { snapshot, document, superseded } = await readEnvironment(environment);
  const named = [snapshot, document, ...superseded].flatMap((one) => (one === null ? [] : [one.key]));
  return { there: Contents.map(({ Key }) => Key).toSorted(), named: named.toSorted() };
}

it('leaves nothing in the bucket where somebody else was quicker', async () => {
  await make('busy');
  const flags = Array.from({ length: 6 }, (_, at) => `flag-${at}`);
  await Promise.all(flags.map((flag) => set('busy', flag)));
  expect((await readEnvironment('busy')).flags).toBe(6);
  const { there, named } = await objectsOf('busy');
  expect(there).toEqual(named);
  expect(there).toHaveLength(12);
});

it('makes a change once whose answer was lost, and keeps what it stored', async () => {
  await make('lossy');
  let isLost = false;
  dynamodb().middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const answer = await next(args);
        const isCommit =
          /^Put/.test(commandName ?? '') && JSON.stringify(args.input).includes('"superseded"');
        if (!isCommit || isLost) return answer;
        isLost = true;
        // What the SDK gets when it asks again: the first try has changed what the condition is about.
        throw new ConditionalCheckFailedException({ $metadata: {}, message: 'The condition is not met' });
      },
    { step: 'initialize', name: 'lose-an-answer' },
  );
  undo.push(() => dynamodb().middlewareStack.remove('lose-an-answer'));
  const { changed, flags } = await set('lossy', 'late');
  expect({ isLost, changed, version: flags.flags.get('late')?.version }).toEqual({
    isLost: true,
    changed: true,
    version: 1,
  });
  const { there, named } = await objectsOf('lossy');
  expect(there).toEqual(named);
  expect((await readEnvironment('lossy')).publication.revision).toBe(1);
});
