import type { MigrationRecord } from '../records.ts';

/** Between two looks at the soak, s: often enough for a disk, and few enough for an execution's history. */
const leastSeconds = 60;
const mostLooks = 500;

/** From one look to the next in a soak of this length, s. */
export const secondsBetweenLooks = (soakSeconds: number): number =>
  Math.max(leastSeconds, Math.ceil(soakSeconds / mostLooks));

/** How long until the soak is looked at again, s; 0: it is over. `now`: epoch ms. */
export function waitSeconds(
  { blueGreen, options, soakUntil }: Pick<MigrationRecord, 'blueGreen' | 'options' | 'soakUntil'>,
  now: number,
): number {
  if (blueGreen === null || blueGreen.givenUp !== null) return 0;
  const end =
    soakUntil !== null
      ? Date.parse(soakUntil)
      : (blueGreen.switchedAt === null ? now : Date.parse(blueGreen.switchedAt)) +
        options.soakSeconds * 1_000;
  const left = Math.ceil((end - now) / 1_000);
  if (left <= 0) return 0;
  return Math.min(left, secondsBetweenLooks(options.soakSeconds));
}
