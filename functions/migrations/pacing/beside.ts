import type { Room } from './room.ts';

/** What other ranges at work said last; null: they cannot tell. */
type Others = (Room | null)[];

/** Whether a range may begin: alone, or where all others leave room that none of them can use. */
export const mayBegin = (others: Others): boolean => others.every((room) => room === 'more' || room === null);

/** Whether a range must leave: not the `first` of those at work, and one of them is at a limit. */
export const mustYield = (first: boolean, own: Room | null, others: Others): boolean =>
  !first && [own, ...others].includes('none');
