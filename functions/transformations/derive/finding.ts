import type { Operation } from '../schemas.ts';

/** `certain`: the descriptions say so. `likely`: nothing else fits as well. `guess`: it may be something else; look at it. */
export type Sureness = 'certain' | 'likely' | 'guess';

/** An operation that was derived. */
export interface Finding {
  operation: Operation;
  sure: Sureness;
  why: string;
}

/** What a person has to complete. */
export interface OpenPlace {
  /** In the older document, RFC 6901 with `*`; parts other than the body begin with their name. */
  pointer: string;
  reason: string;
}

/** What was found between two schemas, from the inside outwards: so every pointer is one of the older document. */
export interface Findings {
  found: Finding[];
  open: OpenPlace[];
}
