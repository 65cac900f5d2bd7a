import { logGamma } from './gamma.ts';

/** Users that were counted under one split: by how many each variant got, and its expected share (all add up to 1). */
export interface Arm {
  users: number;
  share: number;
}

/** How near the alternatives lie to what is expected: a mixture finds large differences early and small ones in time. */
const concentrations = [10, 100, 1_000, 10_000];
/** Far above every threshold, and far below what a number can hold. */
const most = 1e100;

/**
 * Evidence that users are not split as expected: the Bayes factor of a Dirichlet-multinomial against the expected shares,
 * which Lindon & Malek (2022), "Anytime-Valid Inference for Multinomial Count Data", show to be a martingale if the split
 * is as expected. By Ville's inequality it ever reaches 1/α with a probability of at most α, however often it is looked
 * at. 1 without users; at most 1e100. A user in a variant that should get nobody is as much evidence as there can be.
 */
export function sampleRatioEvidence(arms: readonly Arm[]): number {
  if (arms.some(({ users, share }) => users > 0 && share <= 0)) return most;
  const live = arms.filter(({ share }) => share > 0);
  const total = live.reduce((sum, { users }) => sum + users, 0);
  if (live.length < 2 || total === 0) return 1;
  const underNull = live.reduce((sum, { users, share }) => sum + users * Math.log(share), 0);
  const factors = concentrations.map((concentration) => {
    const log = live.reduce(
      (sum, { users, share }) =>
        sum + logGamma(concentration * share + users) - logGamma(concentration * share),
      logGamma(concentration) - logGamma(concentration + total),
    );
    return Math.exp(Math.min(log - underNull, 230));
  });
  return Math.min(most, factors.reduce((sum, factor) => sum + factor, 0) / factors.length);
}

/**
 * The same of several splits that followed each other, each with the users that came under it: the k-th bets 2^-k of the
 * stake, and what is not yet bet stays, so that the whole is a martingale too.
 */
export function evidenceOfSplits(splits: readonly (readonly Arm[])[]): number {
  const whole = splits.reduce((sum, arms, at) => sum + 2 ** -(at + 1) * sampleRatioEvidence(arms), 0);
  return Math.min(most, whole + 2 ** -splits.length);
}
