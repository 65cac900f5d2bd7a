import { type Split, splitOf } from './split.ts';

/** What the use of flags is judged by. */
export interface FlagFacts {
  key: string;
  /** Users are counted exactly, and compared by variant. */
  experiment: boolean;
  /** Who saw a variant keeps it. */
  sticky: boolean;
  variants: readonly string[];
  defaultVariant: string | null;
  /** Whom chance decides about, by which shares; null where it cannot be said for sure. */
  split: Split | null;
}

/** A flag as a document of flagd has it, with what the compiler of authored flags enters in its metadata. */
export interface DocumentFlag {
  variants: Record<string, unknown>;
  defaultVariant?: string | null | undefined;
  targeting?: unknown;
  metadata?: Record<string, unknown> | undefined;
}

export function factsOf(key: string, flag: DocumentFlag): FlagFacts {
  const { variants, defaultVariant = null, metadata = {} } = flag;
  return {
    key,
    experiment: metadata.kind === 'experiment',
    sticky: metadata.kind === 'experiment' && metadata.sticky === true,
    variants: Object.keys(variants),
    defaultVariant,
    split: splitOf(flag),
  };
}

/** The variant that others are compared with, unless somebody named one: `control`, `off`, the default, or the first. */
export function usualControl({ variants, defaultVariant }: FlagFacts): string | null {
  const named = ['control', 'off', defaultVariant].find((one) => one !== null && variants.includes(one));
  return named ?? variants[0] ?? null;
}
