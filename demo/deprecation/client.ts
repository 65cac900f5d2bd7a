import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { api, type Spoken, schemasOf } from './description.ts';

// A client of the shop: it speaks one version, and holds every answer against the schema of that version.

const timeoutMs = 15_000;
const ajv = new Ajv2020({ strict: false });
const isOrder = { v1: ajv.compile(schemasOf('v1').received), v2: ajv.compile(schemasOf('v2').received) };

const Problem = z.looseObject({
  type: z.string(),
  detail: z.string().default(''),
  action: z.string().default(''),
});

/** What a client sees of one answer. */
export interface Answer {
  spoken: Spoken;
  /** 0: there was none. */
  status: number;
  deprecation: string | null;
  sunset: string | null;
  link: string | null;
  /** The name of the problem that it was refused with. */
  problem: string | null;
  /** What the problem says, and what to do. */
  says: string;
  /** Why an answer is not what its version promises; null when it is. */
  invalid: string | null;
}

const orderOf = { v1: (total: number) => total, v2: (total: number) => ({ amount: total, currency: 'EUR' }) };
const nameIn = { v1: 'customer_name', v2: 'customerName' };

/** A client: every second request places an order, the others read the one placed last. */
export function shopClient(gatewayUrl: string, consumer: string) {
  let sent = 0;
  let last: { id: string; total: number } | undefined;

  /** Why the answer is not the order that was sent, in the words of the version. */
  function differs(spoken: Spoken, body: unknown, total: number): string | null {
    const check = isOrder[spoken];
    if (!check(body)) return ajv.errorsText(check.errors);
    const order = z.looseObject({ id: z.string(), total: z.unknown() }).parse(body);
    const expected = { [nameIn[spoken]]: consumer, total: orderOf[spoken](total) };
    for (const [name, value] of Object.entries(expected)) {
      if (JSON.stringify(order[name]) !== JSON.stringify(value))
        return `${name} is ${JSON.stringify(order[name])}; expected ${JSON.stringify(value)}`;
    }
    last = { id: order.id, total };
    return null;
  }

  return async (spoken: Spoken): Promise<Answer> => {
    sent += 1;
    const read = sent % 2 === 0 ? last : undefined;
    const total = read?.total ?? sent / 4;
    const url = `${gatewayUrl}/${api}/${spoken}/orders${read === undefined ? '' : `/${read.id}`}`;
    const body = JSON.stringify({ [nameIn[spoken]]: consumer, total: orderOf[spoken](total) });
    const nothing = { spoken, deprecation: null, sunset: null, link: null, problem: null, says: '' };
    try {
      const response = await fetch(url, {
        headers: { 'x-consumer': consumer, 'content-type': 'application/json' },
        ...(read === undefined ? { method: 'POST', body } : {}),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { status, headers } = response;
      const answered: unknown = await response.json();
      const head = {
        deprecation: headers.get('deprecation'),
        sunset: headers.get('sunset'),
        link: headers.get('link'),
      };
      if (status < 400) return { ...nothing, ...head, status, invalid: differs(spoken, answered, total) };
      const problem = Problem.safeParse(answered).data;
      const says = `${problem?.detail ?? ''}. ${problem?.action ?? ''}`;
      return {
        ...nothing,
        ...head,
        status,
        problem: problem?.type.split(':').at(-1) ?? null,
        says,
        invalid: null,
      };
    } catch (error) {
      return { ...nothing, status: 0, says: String(error), invalid: null };
    }
  };
}
