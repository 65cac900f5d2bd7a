/** Of one side's requests within one sample: how many there were, and how many of them were bad (failed, or slow). */
export interface Count {
  requests: number;
  bad: number;
}
export interface Moment {
  baseline: Count;
  canary: Count;
}

/**
 * By how much one moment multiplies what was bet against the null hypothesis, as a logarithm, when the bet is that a bad
 * request is `odds` times as likely to be the canary's. Expected to be at most a factor of 1 where the null is true.
 */
export type Payout = (moment: Moment, odds: number) => number;

const shareOf = ({ baseline, canary }: Moment) => canary.requests / (canary.requests + baseline.requests);
const badOf = ({ baseline, canary }: Moment) => canary.bad + baseline.bad;

/**
 * Null, for odds above 1: the canary's rate is at no moment more than the baseline's plus `increase`; for odds below 1:
 * at no moment less than that. With A and B what a bad request of either side multiplies, n_c(A-1) = n_b(1-B), so that
 * E[A^bad_c · B^bad_b] ≤ exp(n_c(A-1)(p_c-p_b)) whatever the rates are, and they may differ from request to request:
 * nothing but independence is assumed. It is the limit of Turner, Ly & Grünwald (2024), "Generic E-variables for exact
 * sequential k-sample tests that allow for optional stopping", for rates near zero.
 */
export const rateAbove =
  (increase: number): Payout =>
  (moment, odds) => {
    const mean = 1 + shareOf(moment) * (odds - 1);
    return (
      moment.canary.bad * Math.log(odds) -
      badOf(moment) * Math.log(mean) -
      moment.canary.requests * increase * (odds / mean - 1)
    );
  };

/**
 * Null: which version answered says nothing about which requests were bad. Given how many of both were bad, the canary's
 * part is then hypergeometric, and less spread than either binomial with the same mean (Hoeffding 1963, section 6), whose
 * generating functions are known: the smaller one is what the bet costs. True whatever the rate is, whether requests
 * depend upon each other, and also when what counts as bad was chosen from both sides' requests together.
 */
export const labelsMatter: Payout = (moment, odds) => {
  const { requests, bad } = moment.canary;
  const all = requests + moment.baseline.requests;
  const allBad = badOf(moment);
  const cost = Math.min(
    allBad * Math.log1p((requests / all) * (odds - 1)),
    requests * Math.log1p((allBad / all) * (odds - 1)),
  );
  return bad * Math.log(odds) - cost;
};

/** What is bet on at once, in equal parts: a mixture needs no guess how large the difference is (Robbins 1970). */
const oddsOfWorse = [1.25, 1.6, 2.5, 4, 8, 20];
const oddsOfBetter = [0.8, 0.6, 0.4, 0.2, 0.05];

/** Far above every threshold, and far below what a number can hold. */
const most = 1e100;
const grown = (stake: number, log: number) => Math.min(stake * Math.exp(Math.min(log, 230)), most);

export interface Evidence {
  /** The highest e-value so far. */
  eValue: number;
  /** Index of the moment at which it first reached the threshold; null when it never did. */
  reached: number | null;
}

/**
 * Evidence that the canary is worse, looked at after every moment: an e-process, so that by Ville's inequality it ever
 * reaches 1/α with a probability of at most α if the null is true. Half is bet from the beginning; of the other half
 * 1/((s-1)s) is bet from the moment s on, so that a long time without a difference does not hide one that begins late
 * (mixtures over beginnings as in Shin, Ramdas & Rinaldo 2024, "E-detectors").
 */
export function evidenceOfWorse(moments: readonly Moment[], payout: Payout, threshold: number): Evidence {
  const stakes = oddsOfWorse.map(() => 0);
  let eValue = 1;
  let reached: number | null = null;
  let bets = 0;
  for (const [at, moment] of moments.entries()) {
    if (moment.canary.requests === 0 || moment.baseline.requests === 0) continue;
    bets += 1;
    const fresh = (bets === 1 ? 0.5 : 0.5 / ((bets - 1) * bets)) / oddsOfWorse.length;
    // What later beginnings will bet.
    let now = 0.5 / bets;
    for (const [which, odds] of oddsOfWorse.entries()) {
      const stake = grown((stakes[which] ?? 0) + fresh, payout(moment, odds));
      stakes[which] = stake;
      now += stake;
    }
    eValue = Math.max(eValue, now);
    if (reached === null && now >= threshold) reached = at;
  }
  return { eValue, reached };
}

/** Evidence now that the canary, taken over all moments, is better than the null says; bet from the beginning alone. */
export function evidenceOfBetter(moments: readonly Moment[], payout: Payout): number {
  const logs = oddsOfBetter.map(() => 0);
  for (const moment of moments) {
    if (moment.canary.requests === 0 || moment.baseline.requests === 0) continue;
    for (const [which, odds] of oddsOfBetter.entries()) {
      logs[which] = (logs[which] ?? 0) + payout(moment, odds);
    }
  }
  return logs.reduce((sum, log) => sum + grown(1 / oddsOfBetter.length, log), 0);
}

/**
 * The last of 0 … count-1 for which `holds`, which is true up to some place and false from there; -1 when it is for none.
 * Confidence bounds are the nulls that the evidence does not reject (Howard, Ramdas, McAuliffe & Sekhon 2021).
 */
export function lastThat(count: number, holds: (at: number) => boolean): number {
  let low = -1;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
