import { createServer } from 'node:http';
import { z } from 'zod';
import { JudgeCriteria } from '#judge/criteria.ts';
import { judge } from '#judge/judge.ts';
import { Judgement } from '#judge/judgement.ts';
import { Sample } from '#judge/samples.ts';
import type { MortalPlatform } from './platform.ts';

/** A metrics server of this process: what it says depends on the version and the time asked about, and on nothing else. */
export interface Figures {
  /** The `analysis` of a deployment that is judged by it every second. */
  analysis: object;
  /** Leaves the next question without an answer; resolves when it has been asked. */
  hold(): Promise<void>;
  stop(): Promise<void>;
}

/** Faults of this version break the limit; of any other they do not. */
export const faulty = '3.0.0';
const faultsOf = (version: string, from: string) => (version === faulty ? 99 : (Date.parse(from) % 9) + 1);

export async function startFigures(): Promise<Figures> {
  let held: (() => void) | undefined;
  const server = createServer((request, response) => {
    request.resume();
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (held !== undefined) {
      held();
      held = undefined;
      return; // whoever asks is dead before it gives up
    }
    const value = faultsOf(searchParams.get('version') ?? '', searchParams.get('from') ?? '');
    response.end(JSON.stringify({ value }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  const url = `http://127.0.0.1:${address.port}/faults?version={version}&from={from}`;
  return {
    analysis: {
      sources: [{ kind: 'http-query', name: 'faults', url, pointer: '/value' }],
      criteria: {
        errorRate: null,
        latency: [],
        metrics: [{ name: 'faults', limit: { max: 50, times: 2 } }],
        minPairs: 1,
      },
      intervalSeconds: 1,
    },
    hold: () =>
      new Promise((resolve) => {
        held = resolve;
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const Analysis = z.object({
  criteria: JudgeCriteria,
  since: z.string(),
  judgement: Judgement,
  samples: z.array(Sample),
});

/**
 * What is wrong with the figures that a deployment from one version to another was judged by: a time that is in none of
 * them or in two, a number that the server did not give, a judgement that is not the one of these figures.
 */
export async function wrongIn(platform: MortalPlatform, id: string, blue: string, green: string) {
  const { body } = await platform.ask('GET', `/deployments/${id}/analysis`);
  const { samples, judgement, criteria, since } = Analysis.parse(body);
  const wrong: unknown[] = samples.flatMap((sample, at) => {
    const faults = { baseline: faultsOf(blue, sample.from), canary: faultsOf(green, sample.from) };
    const follows = at === 0 || samples[at - 1]?.to === sample.from;
    const found = sample.numbers?.faults;
    return follows && found?.baseline === faults.baseline && found.canary === faults.canary ? [] : [sample];
  });
  const again = judge(samples, criteria, since);
  if (samples.length < 2) wrong.push('too few to say anything');
  if (JSON.stringify(again) !== JSON.stringify(judgement)) wrong.push({ judgement, again });
  return wrong;
}
