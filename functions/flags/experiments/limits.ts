// The platform refuses a batch as a whole for one thing in it that is longer: who sends leaves such things out.

/** Characters of who somebody is. */
export const longestTargetingKey = 1_024;
/** Characters of what somebody did; names that are counted are shorter by far. */
export const longestTrackName = 1_000;

/** Whether somebody can be told from others. */
export const isSomebody = (targetingKey: unknown): targetingKey is string =>
  typeof targetingKey === 'string' && targetingKey !== '' && targetingKey.length <= longestTargetingKey;
