import { type FieldProblem, InvalidInput } from '#platform/errors.ts';
import { type KeyValues, speaksOf, violationsOf } from '../compliance/check.ts';
import type { Rule, Violation } from '../compliance/schemas.ts';
import { readRules } from '../compliance/store.ts';
import { readersOf } from '../drift/reports.ts';
import { UpdateRefused, ValueRefused } from '../errors.ts';
import { brokenBy } from '../keys/check.ts';
import { findDefinition } from '../keys/definitions.ts';
import { layerOf, nameOf } from '../resolution/layers.ts';
import type { ConfigurationKey, Content, Definition } from '../schemas.ts';
import { readHolders } from '../values/store.ts';
import type { AffectedService, NewUpdate, UpdateHealth } from './schemas.ts';
import { slotOf } from './slots.ts';

// What is known of an update before anything is written, at its beginning and again when its turn has come.

/** One change and what its key is defined by. */
export interface Planned {
  key: ConfigurationKey;
  /** null deletes. */
  content: Content | null;
  definition: Definition | undefined;
}

const usualSeconds = 60;

/** Throws InvalidInput when two changes are of the same key in the same layer: which one counts is nowhere said. */
export function assertOnce(changes: readonly { key: ConfigurationKey }[]): void {
  const seen = new Set<string>();
  const problems = changes.flatMap(({ key }, at): FieldProblem[] => {
    const slot = slotOf(key);
    if (!seen.has(slot)) {
      seen.add(slot);
      return [];
    }
    return [{ pointer: `/body/changes/${at}/key`, detail: `${nameOf(key)} is changed twice` }];
  });
  if (problems.length === 0) return;
  throw new InvalidInput(problems.map(({ detail }) => detail).join('; '), {
    problems,
    action: 'Send one change for each key and layer.',
  });
}

export const definitionOf = ({ namespace, key }: ConfigurationKey): Promise<Definition | undefined> =>
  findDefinition(namespace, key);

/** Throws ValueRefused when a value that is not sealed does not fit what its key is defined by. */
export function assertFits({ key, content, definition }: Planned): void {
  if (content === null) return;
  if (content.kind === 'secret') {
    if (definition?.secret === true) return;
    throw new ValueRefused(`${nameOf(key)} is not defined as a secret`, {
      evidence: {
        key,
        expected: 'a key with secret: true',
        found: definition === undefined ? 'none' : 'plain',
      },
      action: `Define it first: theseus config define ${key.key} --namespace ${key.namespace} --secret`,
    });
  }
  if (definition === undefined) {
    throw new ValueRefused(`${key.namespace}/${key.key} is not defined`, {
      evidence: { key, expected: 'a key that is defined', found: 'none' },
      action: `Define it first: theseus config define ${key.key} --namespace ${key.namespace}`,
    });
  }
  if (definition.secret) {
    throw new ValueRefused(`${nameOf(key)} is a secret and takes no plain value`, {
      evidence: { key, expected: 'secret', found: 'value' },
      action: 'Send it as `secret`: it is sealed before anything stores it.',
    });
  }
  const broken = brokenBy(definition.schema, content.value);
  if (broken.length === 0) return;
  throw new ValueRefused(`${nameOf(key)}: ${broken[0]?.pointer || 'the value'} ${broken[0]?.detail}`, {
    evidence: { key, broken },
    action: `Correct the value; what the key allows says: theseus config key show ${key.key} --namespace ${key.namespace}`,
  });
}

/** Services that the changes may hurt, each with whence that is known first. */
export async function affectedBy(
  planned: readonly Planned[],
  asked: readonly string[],
): Promise<AffectedService[]> {
  const found = new Map<string, AffectedService>();
  const add = (service: string, from: AffectedService['from']) => {
    if (!found.has(service)) found.set(service, { service, from });
  };
  for (const service of asked) add(service, 'request');
  for (const { key, definition } of planned) {
    if (key.service !== undefined) add(key.service, 'key');
    for (const service of definition?.services ?? []) {
      // A value of one service is none of the others'.
      if (key.service === undefined || key.service === service) add(service, 'definition');
    }
    if (key.service === undefined) for (const service of await readersOf(key)) add(service, 'report');
  }
  return [...found.values()];
}

/** How long and how often services are looked at: as the request says, else the longest that a definition wants. */
export function healthOf(planned: readonly Planned[], asked: NewUpdate['health']): UpdateHealth {
  const wanted = planned.flatMap(({ definition }) => definition?.policy.health?.forSeconds ?? []);
  const forSeconds = asked?.forSeconds ?? (wanted.length === 0 ? usualSeconds : Math.max(...wanted));
  return {
    forSeconds,
    urls: asked?.urls ?? [],
    unknown: asked?.unknown ?? 'skip',
    intervalSeconds: Math.max(1, Math.min(30, Math.ceil(forSeconds / 12))),
  };
}

/** How a key stands in all its layers, now and once these changes are made. */
async function standing(
  key: ConfigurationKey,
  planned: readonly Planned[],
): Promise<{ now: KeyValues; after: KeyValues }> {
  const own = planned.filter((one) => one.key.namespace === key.namespace && one.key.key === key.key);
  const changed = new Set(own.map((one) => slotOf(one.key)));
  const stored = await readHolders(key.namespace, key.key);
  const fallback = own.find(({ definition }) => definition !== undefined)?.definition?.default;
  const held = (values: readonly (ConfigurationKey & { content: Content | null })[]): KeyValues => ({
    namespace: key.namespace,
    key: key.key,
    ...(fallback === undefined ? {} : { default: fallback }),
    held: values.flatMap(({ content, ...value }) =>
      content === null ? [] : [{ layer: layerOf(value), content }],
    ),
  });
  const untouched = stored.filter((value) => !changed.has(slotOf(value)));
  return {
    now: held(stored),
    after: held([...untouched, ...own.map((one) => ({ ...one.key, content: one.content }))]),
  };
}

const place = ({ rule, key, from }: Violation) =>
  JSON.stringify([rule, slotOf(key), from === null ? null : slotOf(from)]);

/**
 * What these changes would break of rules. What was broken before and is left as it is holds nobody up; what they write
 * counts whatever was there.
 */
export async function violationsAfter(planned: readonly Planned[]): Promise<Violation[]> {
  const rules: Rule[] = (await readRules()).filter(({ where }) =>
    planned.some(({ key }) => speaksOf(where, key)),
  );
  if (rules.length === 0) return [];
  const written = new Set(planned.map(({ key }) => slotOf(key)));
  const once = new Map(planned.map(({ key }) => [`${key.namespace}/${key.key}`, key]));
  const all = await Promise.all([...once.values()].map((key) => standing(key, planned)));
  return rules.flatMap((rule) =>
    all.flatMap(({ now, after }) => {
      const before = new Set(violationsOf(rule, now).map(place));
      return violationsOf(rule, after).filter(
        (one) => !before.has(place(one)) || (one.from !== null && written.has(slotOf(one.from))),
      );
    }),
  );
}

/** Throws UpdateRefused when a rule of level refuse would be broken. */
export function assertCompliant(violations: readonly Violation[]): void {
  const refusing = violations.filter(({ level }) => level === 'refuse');
  const [first] = refusing;
  if (first === undefined) return;
  throw new UpdateRefused(`${nameOf(first.key)} would break the rule ${first.rule}: ${first.problem}`, {
    evidence: { violations: refusing.slice(0, 20) },
    action: `Send another value, or ask whoever set the rule: theseus config rules show ${first.rule}`,
  });
}

/** Whether somebody has to approve: as the request or any definition says. */
export const needsApproval = (asked: boolean, planned: readonly Planned[]): boolean =>
  asked || planned.some(({ definition }) => definition?.policy.approval);
