import { z } from 'zod';
import type { Change } from './changes.ts';
import type { Content } from './json-schema/compare.ts';
import type { CompatibilityMode } from './json-schema/mode-names.ts';
import type { Source } from './source.ts';
import type { Usage } from './usage.ts';

export const DescriptionKind = z.enum(['openapi', 'graphql', 'asyncapi', 'json-schema']);
export type DescriptionKind = z.infer<typeof DescriptionKind>;

/** What every kind's model has. */
export interface DescriptionBase {
  kind: DescriptionKind;
  /** Which version of the kind's specification: `3.1.0`. */
  format: string;
  title: string;
  /** What the description says of its own version, if it does. */
  version: string | undefined;
  /** SHA-256 of the text: equal for the same description. */
  digest: string;
}

export interface CompareOptions {
  /** The day of the comparison, `2026-11-22`: sunset dates are held against it. */
  today: string;
  /** What consumers used: what nobody used does not break. */
  usage?: Usage | undefined;
  /** Of a JSON Schema: who has to go on with whose documents; BACKWARD unless it is said. */
  mode?: CompatibilityMode | undefined;
  /** Of a JSON Schema: whether open objects may have had anything under a name; lenient unless it is said. */
  content?: Content | undefined;
}

/** How one kind of description is read and compared. */
export interface Kind<D extends DescriptionBase> {
  /** Whether it is of this kind, when nobody says. */
  recognises: (source: Source) => boolean;
  /** @throws InvalidInput with the problems, each with its pointer. */
  read: (source: Source) => D;
  /** What changed, in any order. */
  // A method, so that the kinds fit into one table: that both descriptions are of its kind is asked before.
  compare(old: D, next: D, options: CompareOptions): Change[];
  /** The names of all rules that `compare` may tell. */
  rules: () => Iterable<string>;
}
