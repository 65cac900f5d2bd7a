import { type Answer, shopClient } from './client.ts';
import type { Spoken } from './description.ts';

/** What a consumer saw, in all. */
export interface Tally {
  consumer: string;
  spoken: Spoken;
  requests: Record<Spoken, number>;
  /** Answers that were as their version promises. */
  valid: Record<Spoken, number>;
  /** By the name of the problem. */
  refused: Map<string, number>;
  /** Kinds of the messages that it got, in their order. */
  told: string[];
  moved: { at: string; why: string } | null;
  /** Where the last refusal said that there is more to read. */
  guide: string | null;
  /** What must not be, each once. */
  problems: Set<string>;
}

export interface Consumer {
  tally: Tally;
  /** The last answer. */
  last(): Answer | undefined;
  move(why: string): void;
  stop(): Promise<void>;
}

export interface ConsumerOptions {
  gatewayUrl: string;
  consumer: string;
  spoken: Spoken;
  requestsPerSecond: number;
  /** The day as the platform has it. */
  today: () => string;
  /** Hears when what it sees is something else than before. */
  saw: (answer: Answer) => void;
  /** Sees every answer, and may have it move. */
  react?: (answer: Answer, tally: Tally) => string | undefined;
}

/** Whether a refusal was announced: everything else is a failure. */
const announced = new Set(['BrownedOut', 'ApiVersionRemoved', 'DeprecatedForNewConsumers']);

/** What makes an answer look like another one: the reading of one order is like that of another. */
const looksOf = ({ spoken, status, deprecation, sunset, problem }: Answer): string =>
  [spoken, status >= 400 || status === 0 ? status : 'ok', deprecation, sunset, problem].join(' ');

/** Starts a consumer: requests at a steady rate, whatever the answers take. */
export function startConsumer({
  consumer,
  gatewayUrl,
  requestsPerSecond,
  today,
  saw,
  react,
  spoken,
}: ConsumerOptions): Consumer {
  const ask = shopClient(gatewayUrl, consumer);
  const tally: Tally = {
    consumer,
    spoken,
    requests: { v1: 0, v2: 0 },
    valid: { v1: 0, v2: 0 },
    refused: new Map(),
    told: [],
    moved: null,
    guide: null,
    problems: new Set(),
  };
  const underway = new Set<Promise<void>>();
  let last: Answer | undefined;

  function enter(answer: Answer): void {
    tally.requests[answer.spoken] += 1;
    const { status, problem, invalid } = answer;
    if (problem !== null && announced.has(problem)) {
      tally.refused.set(problem, (tally.refused.get(problem) ?? 0) + 1);
      tally.guide = /<([^>]+)>; rel="deprecation"/.exec(answer.link ?? '')?.[1] ?? null;
      if (answer.spoken === 'v2') tally.problems.add(`v2 was refused with ${problem}`);
    } else if (status === 0 || status >= 400)
      tally.problems.add(`${answer.spoken} answered ${status}: ${answer.says}`);
    else if (invalid !== null) tally.problems.add(`An answer is no valid ${answer.spoken}: ${invalid}`);
    else tally.valid[answer.spoken] += 1;
    const isNew = last === undefined || looksOf(last) !== looksOf(answer);
    last = answer;
    if (isNew) saw(answer);
    const why = tally.moved === null ? react?.(answer, tally) : undefined;
    if (why !== undefined) move(why);
  }

  function move(why: string): void {
    if (tally.moved !== null || tally.spoken === 'v2') return;
    tally.spoken = 'v2';
    tally.moved = { at: today(), why };
  }

  const timer = setInterval(() => {
    const asked = ask(tally.spoken).then(enter);
    underway.add(asked);
    void asked.finally(() => underway.delete(asked));
  }, 1_000 / requestsPerSecond);

  return {
    tally,
    last: () => last,
    move,
    async stop() {
      clearInterval(timer);
      await Promise.all(underway);
    },
  };
}
