/** Who asks, as every contender is told it in its own form. */
export interface User {
  key: string;
  country: string;
  plan: string;
}

/** An evaluator that is loaded with flags named `rollout-0`, `rollout-1`, …, all with the same rule. */
export interface Loaded {
  /** Evaluates a flag for a user by his place in the list that was loaded; synchronous. */
  evaluate(flag: string, user: number): boolean;
}

/** What is compared: loads flags and the users in the form that its calls take, so that neither is part of an evaluation. */
export interface Contender {
  load(flags: readonly string[], users: readonly User[]): Loaded | Promise<Loaded>;
}

export const COUNTRIES = ['US', 'CA'];
export const PLAN = 'pro';
export const PERCENT = 25;

/** A thousand and twenty-four users, every fourth of whom meets the conditions. */
export function users(): User[] {
  const others = ['DE', 'FR', 'JP'];
  return Array.from({ length: 1_024 }, (_, index) => {
    const key = `user-${(index * 2_654_435_761) % 1_000_003}`;
    if (index % 4 === 0) return { key, country: COUNTRIES[(index / 4) % 2] ?? '', plan: PLAN };
    if (index % 4 === 1) return { key, country: COUNTRIES[index % 2] ?? '', plan: 'free' };
    return { key, country: others[index % 3] ?? '', plan: index % 4 === 2 ? PLAN : 'free' };
  });
}

/** The flags as the text of a document of flagd, for those that read one. */
export function flagdDocument(flags: readonly string[]): string {
  const flag = {
    state: 'ENABLED' as const,
    variants: { on: true, off: false },
    defaultVariant: 'off',
    targeting: {
      if: [
        { and: [{ in: [{ var: 'country' }, COUNTRIES] }, { '==': [{ var: 'plan' }, PLAN] }] },
        {
          fractional: [
            { cat: [{ var: '$flagd.flagKey' }, { var: 'targetingKey' }] },
            ['on', PERCENT],
            ['off', 100 - PERCENT],
          ],
        },
        'off',
      ],
    },
  };
  return JSON.stringify({ flags: Object.fromEntries(flags.map((key) => [key, flag])) });
}

/** Data as it comes from a service: every flag has its own. */
export const received = <T>(data: T): T => JSON.parse(JSON.stringify(data));
