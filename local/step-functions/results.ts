import { stateMachineArn } from './arns.ts';
import { StateFailure } from './failure.ts';
import type { ObjectStore } from './items.ts';
import type { ChildResult } from './run.ts';

/**
 * Writes what the children answered to S3 in AWS's layout: SUCCEEDED_0.json, FAILED_0.json and manifest.json under
 * `<Prefix>/<map run id>/`. Gives the Map state's result, which then holds only where the manifest is.
 * @throws StateFailure States.ResultWriterFailed when S3 refuses.
 */
export async function writeResults(
  store: ObjectStore | undefined,
  mapRunArn: string,
  to: Record<string, unknown>,
  results: readonly ChildResult[],
): Promise<unknown> {
  try {
    if (!store) throw new Error('no S3 was given to this engine');
    const { Bucket: bucket, Prefix: prefix = '' } = to;
    if (typeof bucket !== 'string' || typeof prefix !== 'string')
      throw new Error('Bucket or Prefix is not text');
    const id = mapRunArn.slice(mapRunArn.lastIndexOf(':') + 1);
    const folder = [prefix.replace(/\/+$/, ''), id].filter((part) => part !== '').join('/');
    const files: Record<'FAILED' | 'PENDING' | 'SUCCEEDED', Array<{ Key: string; Size: number }>> = {
      FAILED: [],
      PENDING: [],
      SUCCEEDED: [],
    };
    for (const kind of ['SUCCEEDED', 'FAILED'] as const) {
      const chosen = results.filter(
        ({ outcome }) => (outcome.status === 'SUCCEEDED') === (kind === 'SUCCEEDED'),
      );
      if (chosen.length === 0) continue;
      const body = JSON.stringify(chosen.map(describe));
      const key = `${folder}/${kind}_0.json`;
      await store.write(bucket, key, body);
      files[kind].push({ Key: key, Size: Buffer.byteLength(body) });
    }
    const manifest = { DestinationBucket: bucket, MapRunArn: mapRunArn, ResultFiles: files };
    await store.write(bucket, `${folder}/manifest.json`, JSON.stringify(manifest));
    return { MapRunArn: mapRunArn, ResultWriterDetails: { Bucket: bucket, Key: `${folder}/manifest.json` } };
  } catch (error) {
    throw new StateFailure(
      'States.ResultWriterFailed',
      error instanceof Error ? error.message : String(error),
    );
  }
}

function describe({ entry, outcome, input }: ChildResult): unknown {
  const date = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  return {
    ExecutionArn: entry.arn,
    Input: JSON.stringify(input),
    InputDetails: { Included: true },
    Name: entry.name,
    ...(outcome.output !== undefined && { Output: outcome.output, OutputDetails: { Included: true } }),
    ...(outcome.error !== undefined && { Error: outcome.error }),
    ...(outcome.cause !== undefined && { Cause: outcome.cause }),
    RedriveCount: entry.redriveCount,
    StartDate: date(entry.startedAt),
    StateMachineArn: stateMachineArn(entry.machine),
    Status: outcome.status,
    StopDate: date(entry.stoppedAt),
  };
}
