import { InvalidInput } from '#platform/errors.ts';
import { asyncApiKind } from './asyncapi/kind.ts';
import type { AsyncApi } from './asyncapi/model.ts';
import { type Verdict, verdictOf } from './changes.ts';
import type { CompareOptions, DescriptionKind, Kind } from './description-kind.ts';
import { type Graphql, graphqlKind } from './graphql/kind.ts';
import { jsonSchemaKind, type StandaloneSchema } from './json-schema/model.ts';
import { type LevelOverride, overrideLevels } from './levels.ts';
import { openApiKind } from './openapi/kind.ts';
import type { OpenApi } from './openapi/model.ts';
import { readSource, refused } from './source.ts';
import { weighByUsage } from './usage.ts';

/** What an API says of itself, read and checked. Each kind has its own model; all have `kind`, `format`, `title`, `version`. */
export type Description = OpenApi | Graphql | AsyncApi | StandaloneSchema;

/** In the order in which a text is asked for its kind. */
const kinds: { [K in Description['kind']]: Kind<Extract<Description, { kind: K }>> } = {
  openapi: openApiKind,
  graphql: graphqlKind,
  asyncapi: asyncApiKind,
  'json-schema': jsonSchemaKind,
};

/**
 * Reads a description of an API. Of which kind it is says `kind`, or else the text itself.
 * @throws InvalidInput for a text of no known kind, above the limits, or with problems, each with its pointer.
 */
export function readDescription(
  text: string,
  { kind, fileName }: { kind?: DescriptionKind | undefined; fileName?: string | undefined } = {},
): Description {
  const source = readSource(text, fileName);
  if (kind) return kindOf(kind).read(source);
  const found = Object.values(kinds).find((one) => one.recognises(source));
  if (found) return found.read(source);
  const known = Object.keys(kinds).join(', ');
  const detail = `Expected a description of a known kind (${known}), found none: ${source.problem ?? 'nothing in it says which'}`;
  throw refused(fileName, { pointer: '', detail });
}

function kindOf(kind: DescriptionKind): Kind<Description> {
  return kinds[kind];
}

export interface Weighing extends CompareOptions {
  /** What a person says of rules, after all else. */
  levels?: readonly LevelOverride[] | undefined;
}

/**
 * What changed from one description of an API to the next, and whether who uses it goes on.
 * @throws InvalidInput for two kinds, and for levels of unknown rules.
 */
export function compareDescriptions(old: Description, next: Description, options: Weighing): Verdict {
  if (old.kind !== next.kind)
    throw new InvalidInput(`Expected two descriptions of one kind, found ${old.kind} and ${next.kind}`, {
      action: 'Register the other kind as an API of its own.',
    });
  const kind = kindOf(old.kind);
  const found = kind.compare(old, next, options);
  const weighed = options.usage ? weighByUsage(found, options.usage) : found;
  const changes = overrideLevels(weighed, options.levels ?? [], ruleNames(old.kind));
  return verdictOf(changes, old.digest !== next.digest);
}

/** The names of all rules of a kind. */
export function ruleNames(kind: DescriptionKind): ReadonlySet<string> {
  return new Set(kindOf(kind).rules());
}
