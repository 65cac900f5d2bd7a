import { z } from 'zod';
import { pageOf } from '#platform/page.ts';
import { differencesOf, mostDifferences } from '../resolution/differences.ts';
import type { Resolved, Said } from '../resolution/resolve.ts';
import { ConfigurationKey, type Content, LayerName, StoredValue } from '../schemas.ts';

// What the API shows of values. Of a secret it says that there is one, and when it changed; never what it is.

const shown = {
  secret: z.boolean(),
  value: z.json().optional().describe('Absent of a secret, and of a deleted value'),
};

/** A value of one layer. */
export const ValueView = StoredValue.omit({ content: true })
  .extend({ ...shown, deleted: z.boolean() })
  .meta({ id: 'ConfigurationValue' });
export type ValueView = z.infer<typeof ValueView>;
export const ValuePage = pageOf(ValueView).meta({ id: 'ConfigurationValuePage' });

const contentView = (content: Content | null) =>
  content?.kind === 'plain' ? { secret: false, value: content.value } : { secret: content !== null };

export const valueView = ({ content, ...value }: StoredValue): ValueView => ({
  ...value,
  ...contentView(content),
  deleted: content === null,
});

/** What a layer says of a key. */
const SaidView = z.strictObject({
  layer: LayerName,
  holds: z.enum(['value', 'deleted', 'nothing']),
  version: z.int().optional(),
  ...shown,
});

/** A key as it holds for a reader. */
export const ResolvedView = z
  .strictObject({
    key: z.string(),
    ...shown,
    version: z.int().nullable().describe('Of the value that holds; null: the default of the key'),
    from: z.union([z.literal('default'), LayerName]).describe('The layer that says it'),
    provenance: z.array(SaidView).optional().describe('Every layer looked at, the most specific first'),
  })
  .meta({ id: 'ResolvedConfiguration' });
export type ResolvedView = z.infer<typeof ResolvedView>;

function saidView({ layer, value }: Said, secret: boolean): z.infer<typeof SaidView> {
  if (value === undefined) return { layer, holds: 'nothing', secret: false };
  if (value.content === null) return { layer, holds: 'deleted', version: value.version, secret: false };
  const { version, content } = value;
  return { layer, holds: 'value', version, ...(secret ? { secret } : contentView(content)) };
}

/** What is shown of a resolved key; with `provenance`, what every layer says besides. */
export function resolvedView(resolved: Resolved, provenance: boolean): ResolvedView {
  const { key, secret, content, version, from, said } = resolved;
  return {
    key,
    ...(secret ? { secret } : contentView(content)),
    version,
    from,
    ...(provenance ? { provenance: said.map((one) => saidView(one, secret)) } : {}),
  };
}

/** What is said of one key to a reader, whether anything holds or not. */
export const ExplainedView = ResolvedView.extend({
  from: z
    .union([z.literal('default'), LayerName])
    .nullable()
    .describe('Null: nobody says anything'),
  provenance: z.array(SaidView),
}).meta({ id: 'ExplainedConfiguration' });
export type ExplainedView = z.infer<typeof ExplainedView>;

export function explainedView(
  key: string,
  said: readonly Said[],
  resolved: Resolved | undefined,
): ExplainedView {
  const secret = resolved?.secret ?? false;
  const provenance = said.map((one) => saidView(one, secret));
  if (resolved === undefined) return { key, secret, version: null, from: null, provenance };
  return { ...resolvedView(resolved, false), provenance };
}

/** How two values differ. */
export const Changes = z
  .strictObject({
    key: z.string(),
    change: z.enum(['added', 'removed', 'changed', 'unchanged']),
    secret: z.boolean().describe('Of secrets nothing more is said'),
    differences: z
      .array(
        z.strictObject({
          pointer: z.string().describe('RFC 6901, in the value'),
          before: z.json().optional(),
          after: z.json().optional(),
        }),
      )
      .describe(`At most ${mostDifferences}`),
  })
  .meta({ id: 'ConfigurationChanges' });
export type Changes = z.infer<typeof Changes>;

/** One side of a comparison. Two secrets are the same when they are the same version of the same layer. */
export interface Side {
  content: Content;
  secret: boolean;
  /** Which stored value it is. */
  identity: string;
}

const plain = (side: Side | undefined) => (side?.content.kind === 'plain' ? side.content.value : undefined);

/** How a key differs between two sides; undefined is where there is no value. */
export function changesOf(key: string, before: Side | undefined, after: Side | undefined): Changes {
  const secret = before?.secret === true || after?.secret === true;
  const differences = secret ? [] : differencesOf(plain(before), plain(after));
  if (before === undefined || after === undefined) {
    const change = before === after ? 'unchanged' : before === undefined ? 'added' : 'removed';
    return { key, change, secret, differences };
  }
  const isSame = secret ? before.identity === after.identity : differences.length === 0;
  return { key, change: isSame ? 'unchanged' : 'changed', secret, differences };
}

/** Which value a query asks for. */
export const valueParams = ConfigurationKey.pick({ namespace: true, key: true });
export const layerQuery = ConfigurationKey.pick({ service: true, environment: true, tenant: true });

/** All that holds for a reader. */
export const ResolvedDocument = z
  .strictObject({
    reader: LayerName,
    layers: z.array(LayerName).describe('Those looked at, the most specific first'),
    items: z.array(ResolvedView),
  })
  .meta({ id: 'ResolvedDocument' });

export const Differences = z
  .strictObject({ before: LayerName, after: LayerName, items: z.array(Changes) })
  .meta({ id: 'ConfigurationDifferences' });
