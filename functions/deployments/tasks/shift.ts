import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { ExecutionSuperseded } from '../errors.ts';
import { changeWanted } from '../executions/acting.ts';
import { TaskOfDeployment } from '../schemas.ts';
import { lookSeconds } from '../strategy.ts';
import { applySplit } from '../traffic.ts';

/** Gives the new version the traffic of a step. What is decided is stored before it is done: a second run does the same. */
export const handler = task({
  name: 'shift',
  input: TaskOfDeployment.extend({ step: z.int().min(0) }),
  output: z.strictObject({ waitSeconds: z.int().min(1) }),
  async handler({ step: index, ...acting }, { metrics }) {
    const record = await changeWanted(acting, ({ step, steps, order, firstTrafficAt, phase }) => {
      const wanted = steps[index];
      if (step === index) return undefined;
      if (wanted === undefined || (step !== null && step > index)) {
        throw new ExecutionSuperseded(`Step ${index} is over: the deployment is at step ${step}`, {
          evidence: { asked: index, found: step, steps: steps.length },
        });
      }
      const { percent, canaries, kind } = wanted;
      return {
        set: {
          step: index,
          stepStartedAt: clock.iso(),
          extendedSeconds: 0,
          phase: kind === 'bake' ? 'bake' : phase === 'bake' ? phase : 'traffic',
          traffic: { percent, canaries },
          order: order + 1,
          firstTrafficAt: firstTrafficAt ?? clock.iso(),
        },
        events: [{ type: 'traffic.shifting', actor: 'theseus', data: { step: index, percent } }],
      };
    });
    const wanted = record.steps[index];
    if (record.traffic !== null) await applySplit(record, record.traffic, false);
    await changeWanted(acting, ({ step, shiftedStep, fullAt, traffic }) => {
      if (step !== index || shiftedStep === index) return undefined;
      metrics.count('TrafficShifted');
      return {
        set: {
          shiftedStep: index,
          // Held is what is in force, not what was decided.
          stepStartedAt: clock.iso(),
          fullAt: fullAt ?? (traffic?.percent === 100 ? clock.iso() : null),
        },
        events: [
          {
            type: 'traffic.shifted',
            actor: 'theseus',
            data: { step: index, percent: traffic?.percent ?? 0 },
          },
        ],
      };
    });
    const every = lookSeconds(record.request.analysis?.intervalSeconds ?? 3_600, record.steps);
    return { waitSeconds: Math.max(1, Math.min(every, wanted?.holdSeconds ?? 0)) };
  },
});
