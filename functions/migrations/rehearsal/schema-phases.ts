import type { Engine, Fence } from '../engines/engine.ts';
import type { Plan, Step } from '../plan/schemas.ts';
import { firstPace } from '../rows/fill.ts';
import { checked, filled, nothing, type Phase, type Piece, whole } from './phases.ts';

/** A migration of the schema, as the workflow runs it up to the soft contract, and all of it back. */
export function schemaPhases(engine: Engine, plan: Plan, fence: Fence): Phase[] {
  const run = (steps: Step[]): Piece[] => steps.map((step) => runStep(engine, step, fence));
  const verify = (stage: 'beforePublish' | 'afterPublish'): Piece[] =>
    plan.verify.map((one) => async (from, options) => {
      const found = await engine.verifyRange(one, stage, whole, from, fence, { ...options, repair: false });
      return checked(found);
    });
  const fill = plan.backfill.map(
    (walk): Piece =>
      async (from, options) => {
        const run = { ...options, pace: firstPace, onProgress: async () => true };
        return filled(await engine.backfillRange(walk, whole, from, fence, run));
      },
  );
  const all: Phase[] = [
    { name: 'expand', pieces: run(plan.expand) },
    { name: 'backfill', pieces: fill },
    { name: 'index', pieces: run(plan.index) },
    { name: 'constrain', pieces: run(plan.constrain) },
    { name: 'verify', pieces: verify('beforePublish') },
    { name: 'publish', pieces: run(plan.publish) },
    { name: 'verify_published', pieces: verify('afterPublish') },
    { name: 'contract', pieces: run(plan.contract) },
    { name: 'undo', pieces: run([...plan.undoContract, ...plan.rollback]) },
  ];
  return plan.undo === 'none' ? all.filter(({ name }) => name !== 'undo') : all;
}

const runStep =
  (engine: Engine, step: Step, fence: Fence): Piece =>
  async (_from, options) => {
    const { status, lockWaitMs, lockHoldMs } = await engine.runStep(step, fence, options);
    return { ...nothing, status: status === 'done' ? 'done' : 'more', lockWaitMs, lockHoldMs };
  };
