import type { Change, Place } from '../changes.ts';
import type { OpenApi, Operation } from './model.ts';
import type { Requests } from './requests.ts';
import type { SchemaPairs } from './schemas.ts';

/** Two descriptions being compared. */
export interface Context {
  old: OpenApi;
  next: OpenApi;
  /** `2026-11-22` */
  today: string;
  schemas: SchemaPairs;
  requests: Requests;
}

export type EndpointPlace = Extract<Place, { kind: 'endpoint' }>;

/** One endpoint in both. */
export interface Pair {
  context: Context;
  was: Operation;
  now: Operation;
  place: EndpointPlace;
}

export type Found = Pick<Change, 'place' | 'pointer' | 'message'>;

/** The keys of both, those of the first before others. */
export const keysOf = <V>(one: ReadonlyMap<string, V>, other: ReadonlyMap<string, V>): string[] => [
  ...new Set([...one.keys(), ...other.keys()]),
];
