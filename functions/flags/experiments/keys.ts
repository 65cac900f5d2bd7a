import type { ItemKey } from '#platform/records.ts';

// Keys of what is known of the use of flags, in the capability's one table. What users sent may hold any character: it is
// the last part of a key.

const person = (environment: string, who: string, sk: string): ItemKey => ({
  pk: `FLAG_PERSON#${environment}#${who}`,
  sk,
});

/** Runs order as texts. */
const runText = (run: number) => String(run).padStart(6, '0');

export const useKeys = {
  /** What people of an environment are hashed with. */
  salt: (environment: string): ItemKey => ({ pk: 'FLAG_SALTS', sk: environment }),
  /** A batch that was accepted: `exposures` and `tracks` have ids of their own. */
  batch: (environment: string, kind: string, id: string): ItemKey => ({
    pk: `FLAG_BATCH#${environment}#${kind}#${id}`,
    sk: 'RECORD',
  }),
  /** What was counted of a flag in an hour: several items, so that many writers do not meet in one. */
  hours: (environment: string, flag: string): string => `FLAG_USE#${environment}#${flag}`,
  hour: (environment: string, flag: string, hour: string, shard: number, page: number): ItemKey => ({
    pk: useKeys.hours(environment, flag),
    sk: `${hour}#${shard}#${String(page).padStart(3, '0')}`,
  }),
  /** When each flag of an environment was used last. */
  seen: (environment: string, flag: string): ItemKey => ({ pk: `FLAG_SEEN#${environment}`, sk: flag }),
  /** Where code names flags, by repository. */
  references: (environment: string, repository: string): ItemKey => ({
    pk: `FLAG_REFERENCES#${environment}`,
    sk: repository,
  }),
  experiment: (environment: string, flag: string): ItemKey => ({
    pk: `FLAG_EXPERIMENT#${environment}#${flag}`,
    sk: 'RECORD',
  }),
  experimentEvents: (environment: string, flag: string, sk: string): ItemKey => ({
    pk: `FLAG_EXPERIMENT#${environment}#${flag}`,
    sk,
  }),
  /** Of a person in a run of an experiment: the variant that stays, the one seen first, and what they did then. */
  assignment: (environment: string, who: string, run: number, flag: string): ItemKey =>
    person(environment, who, `ASSIGNMENT#${runText(run)}#${flag}`),
  exposure: (environment: string, who: string, run: number, flag: string): ItemKey =>
    person(environment, who, `${exposurePrefix}${runText(run)}#${flag}`),
  conversion: (environment: string, who: string, run: number, metric: string, flag: string): ItemKey =>
    person(environment, who, `CONVERSION#${runText(run)}#${metric}#${flag}`),
};

/** Where the exposures of a person begin. */
export const exposurePrefix = 'EXPOSURE#';

/** Kinds of open work on the index `gsi1`. */
export const useWork = {
  /** Batches that were accepted and are not counted yet. */
  batches: 'FLAG_BATCHES_DUE',
  /** Experiments with new users, or with events that were not sent. */
  experiments: 'FLAG_EXPERIMENTS_DUE',
};

/** What a list of work says of one thing: parts of a path, each of which may hold any character. */
export const workId = (...parts: string[]): string => parts.map(encodeURIComponent).join('/');
export const workParts = (id: string): string[] => id.split('/').map(decodeURIComponent);

/** Kept for so long after they were written, ms: people of experiments, and what was counted. */
export const keptMs = 400 * 86_400_000;
/** A batch that was counted is known again for so long, ms. */
export const batchKeptMs = 14 * 86_400_000;
/** For `expiresAt` of the table: epoch seconds. */
export const expiryAfter = (now: number, ms: number): number => Math.ceil((now + ms) / 1_000);
