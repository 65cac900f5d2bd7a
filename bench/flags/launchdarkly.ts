import { init, type LDEvaluationDetail } from '@launchdarkly/node-server-sdk';
import { TestData } from '@launchdarkly/node-server-sdk/integrations';
import { COUNTRIES, type Contender, PERCENT, PLAN, received } from './contender.ts';

const clause = (attribute: string, values: string[]) => ({
  attribute,
  op: 'in',
  values,
  contextKind: 'user',
});

/**
 * A call of its client gives a promise. `variationDetail` hands its answer to a callback before it returns, so that the
 * promise need not be waited for: that is measured.
 */
export const contender: Contender = {
  async load(flags, users) {
    const data = new TestData();
    for (const key of flags) {
      data.usePreconfiguredFlag(
        received({
          key,
          version: 1,
          on: true,
          variations: [true, false],
          fallthrough: { variation: 1 },
          offVariation: 1,
          salt: key,
          rules: [
            {
              id: 'rule',
              clauses: [clause('country', COUNTRIES), clause('plan', [PLAN])],
              rollout: {
                contextKind: 'user',
                variations: [
                  { variation: 0, weight: PERCENT * 1_000 },
                  { variation: 1, weight: (100 - PERCENT) * 1_000 },
                ],
              },
            },
          ],
        }),
      );
    }
    const logger = { error() {}, warn() {}, info() {}, debug() {} };
    const client = init('sdk-key', {
      updateProcessor: data.getFactory(),
      sendEvents: false,
      diagnosticOptOut: true,
      logger,
    });
    await client.waitForInitialization({ timeout: 10 });
    const contexts = users.map(({ key, country, plan }) => ({ kind: 'user', key, country, plan }));
    let answer = false;
    const take = (_: unknown, detail: LDEvaluationDetail) => {
      answer = detail.value === true;
    };
    return {
      evaluate: (flag, user) => {
        // That the callback has run by then is checked: the shares would not be right.
        void client.variationDetail(flag, contexts[user] ?? { kind: 'user', key: '' }, false, take);
        return answer;
      },
    };
  },
};
