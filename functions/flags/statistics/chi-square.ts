import { upperGamma } from './gamma.ts';

/** The probability that a chi-square number with so many degrees of freedom (1 or more) is at least `statistic`. */
export const chiSquareUpperTail = (statistic: number, degrees: number): number =>
  upperGamma(degrees / 2, statistic / 2);

/**
 * Pearson's test of counts against expected shares, which add up to 1 and are above 0: valid for one look that was
 * planned. 1 where nothing was counted or there is only one share.
 */
export function chiSquareFit(
  counts: readonly number[],
  shares: readonly number[],
): { statistic: number; pValue: number } {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0 || counts.length < 2) return { statistic: 0, pValue: 1 };
  const statistic = counts.reduce((sum, count, at) => {
    const expected = total * (shares[at] ?? 0);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  return { statistic, pValue: chiSquareUpperTail(statistic, counts.length - 1) };
}
