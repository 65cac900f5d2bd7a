import { clock } from '#platform/clock.ts';
import type { Engine, Fence } from '../engines/engine.ts';
import { openPostgres } from '../engines/postgresql/engine.ts';
import { parseMigrationFile } from '../file/parse.ts';
import { createPlan } from '../plan/plan.ts';
import type { Plan, Step } from '../plan/schemas.ts';

/** Runs the phases of one plan on a real database, one after the other, as the workflow would. */
export interface Run {
  plan: Plan;
  engine: Engine;
  url: string;
  fence: Fence;
  steps: (steps: Step[]) => Promise<void>;
  backfill: () => Promise<void>;
  /** Rows that break a verification, repaired or not. */
  verify: (stage: 'beforePublish' | 'afterPublish', repair?: boolean) => Promise<number>;
  /** Everything up to and with publish. */
  publish: () => Promise<void>;
}

let runs = 0;

/** Plans `text` as migration `name` against the database at `url` and takes its fence. */
export async function startRun(
  url: string,
  name: string,
  text: string,
  schema = 'public',
  allViews = false,
): Promise<Run> {
  const engine = await openPostgres(url, { applicationName: 'theseus:test' });
  const file = parseMigrationFile(text, { fileName: name });
  const plan = await createPlan({ file, snapshot: await engine.snapshot(schema), allViews });
  const fence: Fence = { migration: `run_${++runs}`, epoch: 1 };
  await engine.takeFence(fence, { name: plan.name, schema, phase: 'backfill' });
  const options = { signal: new AbortController().signal, until: clock.now() + 60_000 };
  const whole = { from: null, to: null };

  async function steps(list: Step[]): Promise<void> {
    for (const step of list) {
      let result = await engine.runStep(step, fence, options);
      while (result.status === 'running') result = await engine.runStep(step, fence, options);
    }
  }
  async function backfill(): Promise<void> {
    for (const walk of plan.backfill) {
      const pace = { chunkRows: 500, pauseMs: 0 };
      await engine.backfillRange(walk, whole, null, fence, {
        ...options,
        pace,
        onProgress: async () => true,
      });
    }
  }
  async function verify(stage: 'beforePublish' | 'afterPublish', repair = false): Promise<number> {
    let wrong = 0;
    for (const verification of plan.verify) {
      wrong += (await engine.verifyRange(verification, stage, whole, null, fence, { ...options, repair }))
        .wrong;
    }
    return wrong;
  }
  async function publish(): Promise<void> {
    await steps(plan.expand);
    await backfill();
    await steps([...plan.index, ...plan.constrain, ...plan.publish]);
  }
  return { plan, engine, url, fence, steps, backfill, verify, publish };
}
