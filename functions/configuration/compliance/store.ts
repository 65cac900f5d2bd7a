import { clock } from '#platform/clock.ts';
import { NotFound } from '#platform/errors.ts';
import { TooManyKeys } from '../errors.ts';
import { assertSchema } from '../keys/check.ts';
import { deleteItem, keys, readAll, readItem, writeItem } from '../store.ts';
import { type NewRule, Rule } from './schemas.ts';

const mostRules = 200;

/** All rules, by name; at most 200. */
export const readRules = (): Promise<Rule[]> => readAll(Rule, keys.rule('').pk, '');

/** Throws NotFound. */
export async function readRule(name: string): Promise<Rule> {
  const found = await readItem(Rule, keys.rule(name));
  if (found !== undefined) return found;
  throw new NotFound(`There is no rule ${name}`, {
    evidence: { name },
    action: 'List them with: theseus config rules list',
  });
}

/** Sets a rule whole. Throws InvalidInput when what it requires is no JSON Schema, TooManyKeys. */
export async function putRule(name: string, rule: NewRule, by: string): Promise<Rule> {
  assertSchema(rule.require, '/body/require');
  const all = await readRules();
  if (all.length >= mostRules && !all.some((one) => one.name === name)) {
    throw new TooManyKeys(`There are ${all.length} rules, at most ${mostRules} are possible`, {
      evidence: { found: all.length, limit: mostRules },
      action: 'Remove those that nobody needs.',
    });
  }
  const next: Rule = { ...rule, name, updatedAt: clock.iso(), updatedBy: by };
  await writeItem(keys.rule(name), next);
  return next;
}

/** Throws NotFound. */
export async function removeRule(name: string): Promise<void> {
  await readRule(name);
  await deleteItem(keys.rule(name));
}
