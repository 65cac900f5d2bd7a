import { type DerivedChanges, deriveChanges } from '#transformations/derive/derive.ts';
import { type Neighbours, surfacesOf } from './check-changes.ts';

/** The changes between two neighbours as far as they are mechanical, and what is left to a person. Throws InvalidInput. */
export function derivedChanges(neighbours: Neighbours): DerivedChanges {
  const { older, newer } = surfacesOf(neighbours);
  return deriveChanges(older, newer);
}
