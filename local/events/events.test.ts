import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, virtualClock } from '../clock.ts';
import { createEvents, type Event, type Events, type Rule } from './events.ts';
import type { Deliver } from './queue.ts';

const rules: Rule[] = [
  {
    name: 'failed',
    pattern: { source: ['aws.states'], detail: { status: ['FAILED'] } },
    targets: [{ arn: 'fn:reconcile' }],
  },
  {
    name: 'done',
    bus: 'theseus',
    pattern: { source: ['theseus'] },
    targets: [{ arn: 'fn:one' }, { arn: 'sm:two', input: { fixed: true } }],
  },
];
const entry = {
  EventBusName: 'theseus',
  Source: 'theseus',
  DetailType: 'Plank replaced',
  Detail: '{"plank":7}',
};

describe('the local EventBridge', () => {
  const clock = virtualClock(1_800_000_000_000);
  let directory: string;
  let delivered: { target: string; input: unknown; id: string }[];
  let client: EventBridgeClient;
  let events: Events;
  const opened: Events[] = [];

  async function open(deliver?: Deliver, undelivered?: string[]): Promise<void> {
    events = createEvents({
      directory,
      clock,
      rules,
      buses: ['theseus'],
      deliver: deliver ?? (async (target, input, id) => void delivered.push({ target, input, id })),
      onUndelivered: (one) => undelivered?.push(one.target),
    });
    opened.push(events);
    client = new EventBridgeClient({ region: 'local' });
    events.attach(client);
    await events.start();
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'events-'));
    delivered = [];
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("gives each target of the matching rules the event in EventBridge's shape", async () => {
    await open();
    const answer = await client.send(
      new PutEventsCommand({ Entries: [entry, { ...entry, Source: 'other' }] }),
    );
    await events.settled();
    expect(answer).toMatchObject({ FailedEntryCount: 0, Entries: [{}, {}] });
    expect(delivered).toHaveLength(2);
    expect(delivered[0]).toMatchObject({
      target: 'fn:one',
      input: {
        version: '0',
        id: answer.Entries?.[0]?.EventId,
        source: 'theseus',
        'detail-type': 'Plank replaced',
        time: '2027-01-15T08:00:00Z',
        detail: { plank: 7 },
        resources: [],
      },
    });
    expect(delivered[1]).toMatchObject({ target: 'sm:two', input: { fixed: true } });
  });

  it("carries the engine's own events on the default bus, and lets this process listen", async () => {
    await open();
    const heard: Event[] = [];
    const end = events.listen({ source: ['aws.states'] }, (event) => void heard.push(event));
    for (const status of ['RUNNING', 'FAILED']) {
      await events.publish({
        source: 'aws.states',
        detailType: 'Step Functions Execution Status Change',
        detail: { status },
        resources: ['arn:x'],
      });
    }
    end();
    await events.publish({ source: 'aws.states', detailType: 'x', detail: { status: 'RUNNING' } });
    await events.settled();
    expect(heard.map((event) => event.detail)).toEqual([{ status: 'RUNNING' }, { status: 'FAILED' }]);
    expect(delivered.map((one) => one.target)).toEqual(['fn:reconcile']);
  });

  it('tries again, later and later, until the target takes it; after a day it gives up', async () => {
    const tries: { at: number; id: string }[] = [];
    await open(async (target, _input, id) => {
      if (target !== 'fn:reconcile') return;
      tries.push({ at: clock.now(), id });
      if (tries.length < 4) throw new Error('busy');
    });
    await events.publish({ source: 'aws.states', detailType: 'x', detail: { status: 'FAILED' } });
    await events.settled();
    expect(tries).toHaveLength(1);
    await clock.advance(60_000);
    expect(tries).toHaveLength(4);
    expect(new Set(tries.map((one) => one.id)).size).toBe(1);
    const pauses = tries.slice(1).map((one, at) => one.at - (tries[at]?.at ?? 0));
    pauses.forEach((pause, at) => {
      expect(pause).toBeGreaterThanOrEqual(500 * 2 ** at);
      expect(pause).toBeLessThanOrEqual(1000 * 2 ** at);
    });
    await clock.advance(3_600_000);
    expect(tries).toHaveLength(4);

    await events.stop();
    const givenUp: string[] = [];
    await open(() => Promise.reject(new Error('never')), givenUp);
    await events.publish({ source: 'aws.states', detailType: 'x', detail: { status: 'FAILED' } });
    await clock.advance(90_000_000);
    expect(givenUp).toEqual(['fn:reconcile']);
  });

  it('delivers after a restart what was accepted and not yet taken, and only that', async () => {
    await open((target) => (target === 'fn:one' ? Promise.resolve() : new Promise(() => {})));
    await client.send(new PutEventsCommand({ Entries: [entry] }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await events.stop();
    appendFileSync(join(directory, 'events', 'queue.jsonl'), '{"add":{"id":"torn');
    await open();
    await events.settled();
    expect(delivered.map((one) => one.target)).toEqual(['sm:two']);
    await events.stop();
    await open();
    await events.settled();
    expect(delivered).toHaveLength(1);
  });

  it('loses no accepted event to kill -9', async () => {
    const script = `
      import { createEvents } from ${JSON.stringify(join(import.meta.dirname, 'events.ts'))};
      import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../clock.ts'))};
      const events = createEvents({ directory: ${JSON.stringify(directory)}, clock: systemClock(), rules: ${JSON.stringify(rules)}, buses: ['theseus'], deliver: () => new Promise(() => {}) });
      await events.start();
      await Promise.all(Array.from({ length: 50 }, (_, n) => events.publish({ source: 'aws.states', detailType: 'x', detail: { status: 'FAILED', n } })));
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    expect(await new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)))).toBe(
      'SIGKILL',
    );
    await open();
    await events.settled();
    const numbers = delivered.map((one) => (one.input as { detail: { n: number } }).detail.n);
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it('answers a bad entry by its error and takes the others; refuses what it does not know', async () => {
    await open();
    const answer = await client.send(
      new PutEventsCommand({
        Entries: [
          { ...entry, Detail: 'no json' },
          { ...entry, Source: 'aws.states' },
          { ...entry, DetailType: '' },
          entry,
        ],
      }),
    );
    expect(answer.FailedEntryCount).toBe(3);
    expect(answer.Entries?.map((one) => one.ErrorCode)).toEqual([
      'MalformedDetail',
      'NotAuthorizedForSource',
      'InvalidArgument',
      undefined,
    ]);
    await events.settled();
    expect(delivered).toHaveLength(2);
    await expect(
      client.send(new PutEventsCommand({ Entries: [{ ...entry, EventBusName: 'x' }] })),
    ).rejects.toThrow(/bus x does not exist/);
    await expect(
      client.send(new PutEventsCommand({ Entries: Array.from({ length: 11 }, () => entry) })),
    ).rejects.toThrow(/1 to 10 entries/);
    await expect(client.send(new PutRuleCommand({ Name: 'x' }))).rejects.toThrow(
      /EventBridge.PutRule is not available/,
    );
    const wrong: Rule = { name: 'wrong', pattern: { source: [{ regex: '.*' }] }, targets: [] };
    expect(() =>
      createEvents({ directory, clock: systemClock(), rules: [wrong], deliver: async () => {} }),
    ).toThrow(/Rule wrong: .*"regex"/);
  });
});
