import { clock } from '#platform/clock.ts';
import type { MigrationRecord } from '../records.ts';

/** A schedule needs to lie in the future when it is made, ms. */
const soonestMs = 60_000;

/** When a migration that completes now is removed: at the end of its undo window, as an ISO time. */
export const removalTime = ({ options }: Pick<MigrationRecord, 'options'>): string =>
  new Date(clock.now() + Math.max(options.undoWindowSeconds * 1_000, soonestMs)).toISOString();
