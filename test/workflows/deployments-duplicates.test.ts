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
/** Both at a time: a good version and a bad one, of two services. */
async function both() {
  const [good, bad] = [await lab.service(), await lab.service()];
  const one = await lab.deploy(good);
  const other = await lab.deploy(bad, { version: '3.0.0' });
  return { good, bad, one: one.id, other: other.id };
}
async function expectEnds({ good, bad, one, other }: Awaited<ReturnType<typeof both>>): Promise<void> {
  expect((await lab.show(one)).status).toBe('completed');
  expect((await lab.show(other)).status).toBe('rolled_back');
  expect(await route(good)).toMatchObject({ heldBy: null, targets: [{ version: '2.0.0', percent: 100 }] });
  expect(await route(bad)).toMatchObject({ heldBy: null, targets: [{ version: '1.0.0', percent: 100 }] });
}

it.each(['sequentially', 'concurrently'] as const)(
  'every function run twice, %s, does what it does once',
  async (duplicate) => {
    lab = await startLab({ figures, duplicate });
    const started = await both();
    await lab.reach(started.one, 'completed');
    await lab.reach(started.other, 'rolled_back');
    await expectEnds(started);
    const { items } = (await lab.send('GET', `/deployments/${started.one}/events?limit=100`)).body;
    const shifted = items.filter(({ type }: { type: string }) => type === 'traffic.shifted');
    expect(shifted).toHaveLength(2);
  },
);
