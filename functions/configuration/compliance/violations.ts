import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Place } from '#platform/records.ts';
import { type FindingKind, readFindings, settleFindings } from '../findings.ts';
import { listDefinitions } from '../keys/definitions.ts';
import { layerOf } from '../resolution/layers.ts';
import type { Definition } from '../schemas.ts';
import { keys } from '../store.ts';
import { readHolders } from '../values/store.ts';
import { speaksOf, violationsOf } from './check.ts';
import { type Rule, type StandingViolation, Violation } from './schemas.ts';
import { readRules } from './store.ts';

const kind: FindingKind<typeof Violation> = {
  key: keys.violation,
  schema: Violation,
  appeared: 'configuration.rule_broken',
  gone: 'configuration.rule_kept',
};

const idOf = ({ rule, key, from }: Violation): string =>
  createHash('sha256')
    .update(JSON.stringify([rule, key, from]))
    .digest('base64url')
    .slice(0, 22);

export async function readViolations(): Promise<StandingViolation[]> {
  return (await readFindings(kind)).map(({ since, what }) => ({ ...what, since }));
}

async function violationsIn(rules: readonly Rule[], definition: Definition): Promise<Violation[]> {
  const meant = rules.filter(({ where }) => speaksOf(where, definition));
  if (meant.length === 0 || definition.secret) return [];
  const held = (await readHolders(definition.namespace, definition.key)).flatMap(({ content, ...value }) =>
    content === null ? [] : [{ layer: layerOf(value), content }],
  );
  const { namespace, key, default: fallback } = definition;
  const values = { namespace, key, held, ...(fallback === undefined ? {} : { default: fallback }) };
  return meant.flatMap((rule) => violationsOf(rule, values));
}

/** Holds every key against every rule, and keeps what breaks them. `signal` ends it between two keys. */
export async function checkEverything(
  signal: AbortSignal,
): Promise<{ keys: number; appeared: number; gone: number }> {
  const rules = await readRules();
  const found = new Map<string, Violation>();
  let looked = 0;
  let from: Place | undefined;
  do {
    const page: Awaited<ReturnType<typeof listDefinitions>> = await listDefinitions(undefined, 200, from);
    for (const definition of page.items) {
      signal.throwIfAborted();
      looked += 1;
      for (const one of await violationsIn(rules, definition)) found.set(idOf(one), one);
    }
    from = page.next;
  } while (from !== undefined);
  return { keys: looked, ...(await settleFindings(kind, asJson(found))) };
}

/** As it is stored: what a layer leaves out is not there. */
const asJson = (found: ReadonlyMap<string, Violation>) =>
  new Map([...found].map(([id, one]) => [id, z.json().parse(JSON.parse(JSON.stringify(one)))]));
