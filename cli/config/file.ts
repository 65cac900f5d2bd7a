import { z } from 'zod';
import { canonical } from '#compatibility/json-schema/document.ts';
import { layerText, nameOf } from '#configuration/resolution/layers.ts';
import {
  type ConfigurationKey,
  EnvironmentName,
  KeyName,
  LayerName,
  Namespace,
  PlainValue,
  TenantName,
} from '#configuration/schemas.ts';
import { ValuePage, type ValueView } from '#configuration/values/views.ts';
import { fieldProblems } from '#platform/errors.ts';
import { call } from '../client.ts';
import { readDocument } from '../document.ts';
import { exitCode, Failure } from '../failure.ts';
import type { Platform } from '../platform.ts';
import { pathOf } from './options.ts';

// A file of values, as `config export` writes it and `config import` reads it.

const FileLayer = z.strictObject({
  service: LayerName.shape.service,
  environment: EnvironmentName.optional(),
  tenant: TenantName.optional(),
  values: z.record(KeyName, PlainValue),
});

export const ValuesFile = z.strictObject({
  namespace: Namespace,
  layers: z
    .array(FileLayer)
    .refine(
      (layers) => new Set(layers.map(layerText)).size === layers.length,
      'Expected each layer once: what of service, environment and tenant is left out is for all',
    ),
});
export type ValuesFile = z.infer<typeof ValuesFile>;

/** One value that a file wants. */
export interface Wanted {
  key: ConfigurationKey;
  value: unknown;
}

/** The values in a file, in its order. @throws Failure naming each field that is wrong. */
export async function readValues(path: string): Promise<{ namespace: string; wanted: Wanted[] }> {
  const found = ValuesFile.safeParse(await readDocument(path));
  if (!found.success) {
    throw new Failure(`${path} is no file of values.`, {
      code: exitCode.refused,
      action: 'Correct what is named; docs/configuration.md has its form.',
      details: fieldProblems('', found.error).map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`),
    });
  }
  const { namespace, layers } = found.data;
  const wanted = layers.flatMap(({ values, ...layer }) =>
    Object.entries(values).map(([key, value]) => ({ key: { namespace, key, ...layer }, value })),
  );
  return { namespace, wanted };
}

/** All values of a namespace, in all layers. */
export async function storedValues(platform: Platform, namespace: string): Promise<ValueView[]> {
  const found: ValueView[] = [];
  let cursor: string | undefined;
  do {
    const page = await call(platform, {
      method: 'GET',
      path: pathOf('values'),
      query: { namespace, limit: 100, cursor },
      answer: ValuePage,
    });
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** What of a file is not as it is stored. */
export function missingOf(wanted: readonly Wanted[], stored: readonly ValueView[]): Wanted[] {
  const known = new Map(stored.map((one) => [nameOf(one), one]));
  return wanted.filter(({ key, value }) => {
    const found = known.get(nameOf(key));
    return found === undefined || found.secret || canonical(found.value) !== canonical(value);
  });
}

/** Stored values as a file; secrets are left out of it. */
export function fileOf(namespace: string, stored: readonly ValueView[]): ValuesFile {
  const layers = new Map<string, z.infer<typeof FileLayer>>();
  for (const { key, value, secret, deleted, ...one } of stored) {
    if (secret || deleted || value === undefined) continue;
    const { service, environment, tenant } = one;
    const name = layerText(one);
    const layer = layers.get(name) ?? {
      ...(service === undefined ? {} : { service }),
      ...(environment === undefined ? {} : { environment }),
      ...(tenant === undefined ? {} : { tenant }),
      values: {},
    };
    layer.values[key] = value;
    layers.set(name, layer);
  }
  return { namespace, layers: [...layers.values()] };
}
