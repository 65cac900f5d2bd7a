import type { JsonValue } from './json.ts';

/** What is known of who asks: `targetingKey` is who, everything else are attributes. */
export type Context = Readonly<Record<string, unknown>> & { targetingKey?: string };

export type FlagMetadata = Readonly<Record<string, string | number | boolean>>;

export type ErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'PARSE_ERROR'
  | 'TYPE_MISMATCH'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'GENERAL';

/** A value was found; it and the metadata are frozen. */
export interface Resolved {
  value: JsonValue;
  variant: string;
  reason: 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT';
  metadata: FlagMetadata;
  errorCode?: undefined;
}

/** The flag has nothing to say: it is switched off, or has no default. The caller's own default is the value. */
export interface Unresolved {
  value?: undefined;
  variant?: undefined;
  reason: 'DISABLED' | 'DEFAULT';
  metadata: FlagMetadata;
  errorCode?: undefined;
}

/** The flag cannot be evaluated; the caller's own default is the value. */
export interface Failed {
  value?: undefined;
  variant?: undefined;
  reason?: undefined;
  errorCode: ErrorCode;
  errorMessage: string;
  metadata: FlagMetadata;
}

export type Evaluation = Resolved | Unresolved | Failed;

/** An evaluation in a list of all flags. */
export type KeyedEvaluation = Evaluation & { key: string };
