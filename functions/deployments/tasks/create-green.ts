import { z } from 'zod';
import { task } from '#platform/task.ts';
import { alarmNames, firingBefore, noteOf } from '../alarms.ts';
import { changeWanted, readWanted } from '../executions/acting.ts';
import { TaskOfDeployment } from '../schemas.ts';
import { stepsOf } from '../strategy.ts';
import { targetOf } from '../targets/registry.ts';

const AsStored = z.record(z.string(), z.json());

/** Puts the new version beside the old one, without traffic, and says in which steps it will get it. */
export const handler = task({
  name: 'create-green',
  input: TaskOfDeployment,
  output: z.strictObject({ blue: z.string().nullable(), green: z.string() }),
  async handler(acting, { signal }) {
    const before = await readWanted(acting);
    const { actions, subject } = targetOf(before);
    const found = before.green ?? (await actions.createGreen(subject, signal));
    const green = { ...found, made: AsStored.parse(found.made) };
    const firing = await firingBefore(
      alarmNames(before.request.alarms, { version: before.request.version, target: green.green }),
    );
    const record = await changeWanted(acting, (current) =>
      current.green !== null
        ? undefined
        : {
            set: {
              phase: 'green',
              green,
              steps: stepsOf(current.request, green.blue !== null),
              firingBefore: firing,
              notes: [
                ...current.notes,
                ...(green.blue === null
                  ? ['No version had traffic before: there is nothing to go back to']
                  : []),
                ...firing.map(noteOf),
              ],
            },
            events: [
              { type: 'green.created', actor: 'theseus', data: { blue: green.blue, green: green.green } },
            ],
          },
    );
    return { blue: record.green?.blue ?? null, green: record.green?.green ?? green.green };
  },
});
