import { ListExecutionsCommand, ListMapRunsCommand } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, it } from 'vitest';
import { capabilities } from '#local/capabilities.ts';
import { loadDefinitions } from '#local/definitions.ts';
import { createLab, type Lab, named } from '#local/step-functions/fixtures/lab.ts';
import { readHistory } from '#local/step-functions/history.ts';

const definitions: Record<string, object> = Object.assign(
  {},
  ...(await Promise.all(capabilities.map(loadDefinitions))),
);

interface Range {
  pass: number;
  item: { work: string; range: number };
}
type Work = (input: Range) => { status: 'done' | 'more'; waitSeconds?: number };

let lab: Lab | undefined;
afterEach(() => lab?.dispose());

const items = [0, 1].map((range) => ({ work: 'orders', range }));
const done = () => ({ status: 'done' as const });

/** migration.asl.json from the lock to its end, on virtual time; its functions answer what a test says they do. */
async function runMachine(work: { backfillRange?: Work; verifyRange?: Work }) {
  const passes: string[] = [];
  const clean = ({ stage, pass }: { stage: string; pass: number }) => {
    passes.push(`${stage} ${pass}`);
    return { clean: stage !== 'backfill' && pass > 1, items, concurrency: 2 };
  };
  const answers = {
    planMigration: () => ({}),
    validateMigration: () => ({ approvalRequired: false }),
    acquireLock: () => ({ epoch: 1 }),
    backUpDefinitions: done,
    expand: done,
    planRanges: clean,
    backfillRange: done,
    verifyRange: done,
    buildIndexes: done,
    addConstraints: done,
    publish: () => ({ status: 'done', soakSeconds: 0 }),
    contract: done,
    scheduleRemoval: done,
    completeMigration: done,
    ...work,
  };
  const functions = Object.fromEntries(Object.keys(answers).map((name) => [name, name]));
  // Control-plane functions are named by the ARNs that a deployment fills in.
  const control = ['schedule-removal', 'complete-migration', 'record-failure'].map((name) => [
    `arn:aws:lambda:us-east-1:000000000000:function:migrations-${name}`,
    done,
  ]);
  lab = await createLab({ definitions, functions: { ...answers, ...Object.fromEntries(control) } });
  const executionArn = await lab.start('migration', {
    migrationId: 'mig_1',
    connector: { roleArn: 'arn:aws:iam::000000000000:role/connector', functions },
  });
  let { status } = await lab.finish(executionArn);
  // One call waits for a limited number of timers.
  for (let more = 0; more < 3 && status === 'RUNNING'; more += 1) {
    ({ status } = await lab.finish(executionArn));
  }
  return {
    status,
    passes,
    parent: lengthOf(lab, executionArn),
    children: await childrenOf(lab, executionArn),
  };
}

const lengthOf = ({ engine }: Lab, arn: string): number => readHistory(engine.journalFile(arn)).length;

/** Events in the history of each range's execution, by the Map it belongs to. */
async function childrenOf(running: Lab, executionArn: string): Promise<Record<string, number[]>> {
  const { mapRuns = [] } = await running.client.send(new ListMapRunsCommand({ executionArn }));
  const lengths: Record<string, number[]> = {};
  for (const { mapRunArn = '' } of mapRuns) {
    const { executions = [] } = await running.client.send(new ListExecutionsCommand({ mapRunArn }));
    const label = mapRunArn.split('/')[1]?.split(':')[0] ?? '';
    const found = executions.map(({ executionArn: child = '' }) => lengthOf(running, child));
    lengths[label] = [...(lengths[label] ?? []), ...found];
  }
  return lengths;
}

/** Range 0 needs this many invocations; range 1 needs one. Ones before the last are cut off `failures` times. */
function slow(invocations: number, failures: string[] = []): Work {
  let left = invocations;
  let pending = [...failures];
  return ({ item }) => {
    if (item.range === 1) return { status: 'done' };
    if (left === 0) return { status: 'done' };
    const failure = pending.shift();
    if (failure !== undefined) throw named(failure);
    pending = [...failures];
    left -= 1;
    return { status: left === 0 ? 'done' : 'more' };
  };
}

describe('a range that takes days', () => {
  it('goes on in fresh executions, and the next phase waits for it', async () => {
    const { status, passes, parent, children } = await runMachine({ backfillRange: slow(250) });
    expect(status).toBe('SUCCEEDED');
    // 250 invocations at 100 an execution; the range that was done is asked again and says so.
    expect(children.Backfill).toHaveLength(6);
    expect(passes.filter((pass) => pass.startsWith('backfill'))).toEqual(Array(3).fill('backfill 1'));
    expect(Math.max(parent, ...Object.values(children).flat())).toBeLessThan(1_000);
  });

  it('asks again in a moment where others leave it no room, and other ranges take their turn', async () => {
    let asked = 0;
    const { status, children } = await runMachine({
      backfillRange: ({ item }) => {
        if (item.range === 0) return { status: 'done' };
        asked += 1;
        return asked <= 150 ? { status: 'more', waitSeconds: 5 } : { status: 'done' };
      },
    });
    expect(status).toBe('SUCCEEDED');
    expect(asked).toBe(151);
    expect(Math.max(...(children.Backfill ?? []))).toBeLessThan(1_500);
  });

  it('is verified in one pass, however many executions that takes', async () => {
    const { status, passes, children } = await runMachine({ verifyRange: slow(150) });
    expect(status).toBe('SUCCEEDED');
    expect(children.Verify).toHaveLength(4);
    expect(passes.slice(1)).toEqual([
      'verify 1',
      'verify 1',
      'verify 2',
      'verify-published 1',
      'verify-published 2',
    ]);
  });

  it('has no history longer than 10,000 events, though every invocation is tried again as often as it may be', async () => {
    const failures = [...Array(12).fill('ConnectionLost'), ...Array(8).fill('ThrottlingException')];
    const { status, children } = await runMachine({ backfillRange: slow(101, failures) });
    expect(status).toBe('SUCCEEDED');
    const longest = Math.max(...(children.Backfill ?? []));
    expect(longest).toBeGreaterThan(5_000);
    expect(longest).toBeLessThan(10_000);
  });
});
