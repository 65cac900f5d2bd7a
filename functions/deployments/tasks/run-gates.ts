import { z } from 'zod';
import { task } from '#platform/task.ts';
import { changeWanted, readWanted } from '../executions/acting.ts';
import { askGate } from '../gates/gates.ts';
import { TaskOfDeployment } from '../schemas.ts';

/** Asks every gate, one after the other; each has to say yes before the new version gets traffic. */
export const handler = task({
  name: 'run-gates',
  input: TaskOfDeployment,
  output: z.strictObject({ passed: z.int() }),
  async handler(acting, { signal }) {
    const record = await readWanted(acting);
    const { gates } = record.request;
    const said: string[] = [];
    for (const gate of gates) said.push(await askGate(gate, record, signal));
    await changeWanted(acting, ({ phase }) =>
      phase !== 'gates'
        ? undefined
        : {
            set: { phase: 'traffic' },
            events: gates.map(({ name }, at) => ({
              type: 'gate.passed',
              actor: 'theseus',
              data: { gate: name, said: said[at] ?? '' },
            })),
          },
    );
    return { passed: gates.length };
  },
});
