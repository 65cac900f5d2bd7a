import { afterEach, expect, it } from 'vitest';
import { type Figures, type Lab, startLab } from './deployments-harness.ts';

const well: Figures = { requests: 400, errors: 1, ms: 40 };
const figures = new Map<string, Figures>([
  ['1.0.0', well],
  ['2.0.0', { ...well, requests: 200 }],
  ['3.0.0', { requests: 200, errors: 20, ms: 40 }],
]);

let lab: Lab;
afterEach(() => lab.stop());

const route = async (service: string) => (await lab.send('GET', `/gateway/routes/${service}`)).body;
it('restarted in the middle of its functions, again and again, a deployment ends all the same', async () => {
  lab = await startLab({ figures });
  const [good, bad] = [await lab.service(), await lab.service()];
  const cuts = new Set<string>();
  let restarting: Promise<void> | undefined;
  const cutOff: NonNullable<Lab['hook']['current']> = async ({ name, stage }) => {
    const cut = `${name} ${stage}`;
    const spared = !name.startsWith('deployments-') || /-(api|reconcile|publish-events)$/.test(name);
    if (spared || cuts.has(cut) || restarting !== undefined) return;
    cuts.add(cut);
    // The engine stops while the invocation is under way: its answer reaches nobody.
    const stopped = lab.cloud.engine.stop();
    restarting = stopped
      .then(() => lab.restart())
      .finally(() => {
        restarting = undefined;
      });
    await stopped;
    throw new Error('cut off');
  };
  // One after the other: what waits for a restart would hold it up.
  for (const [service, version, wanted, stays] of [
    [good, '2.0.0', 'completed', '2.0.0'],
    [bad, '3.0.0', 'rolled_back', '1.0.0'],
  ] as const) {
    lab.hook.current = undefined;
    const { id } = await lab.deploy(service, { version });
    lab.hook.current = cutOff;
    let status = '';
    for (let attempt = 0; attempt < 60 && status !== wanted; attempt += 1) {
      while (restarting !== undefined) await restarting;
      // Whoever asks while it restarts gets no answer.
      const found = await lab.drive(id, (record) => record.status === wanted).catch(() => undefined);
      status = found?.status ?? '';
    }
    while (restarting !== undefined) await restarting;
    expect(await lab.show(id)).toMatchObject({ status: wanted });
    expect(await route(service)).toMatchObject({ heldBy: null, targets: [{ version: stays, percent: 100 }] });
  }
  expect(cuts.size).toBeGreaterThan(5);
});
