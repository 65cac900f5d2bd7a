import { z } from 'zod';
import type { Flag } from '../authoring/flag.ts';
import { Percentage, VariantName } from '../authoring/serve.ts';
import { FlagNotSettable, FlagRefused } from '../errors.ts';

/** By which whoever changes a flag for somebody knows the change again. */
export const ChangeId = z.string().min(1).max(200);

/** What becomes of a flag, in one word: releases and rollouts say no more. */
export const FlagSetting = z.union([
  z.strictObject({ variant: VariantName }).describe('For everybody'),
  z.strictObject({
    percentage: Percentage,
    variant: VariantName.default('on'),
    rest: VariantName.optional().describe('Of all others; the off variant unless named'),
  }),
  z.strictObject({ enabled: z.boolean() }),
  z.strictObject({ version: z.int().min(1) }).describe('As it was in a version: the way back'),
  z
    .strictObject({ undo: ChangeId })
    .describe('As it was before the change of this id, if there was one, and nobody changed it since'),
]);
export type FlagSetting = z.infer<typeof FlagSetting>;

/** A setting that says what is to be, and not what was. */
export type Wanted = Exclude<FlagSetting, { version: number } | { undo: string }>;

type Serve = Extract<Flag['form'], { type: 'rules' }>['otherwise'];

/** A form that gives what it serves to those that no rule is about; a list that grows into a percentage becomes a rule. */
function served(form: Flag['form'], serve: Serve): Flag['form'] {
  if (form.type === 'rules') return { ...form, otherwise: serve };
  if (!('percentage' in serve)) return { type: 'rules', rules: [], otherwise: serve };
  const listed = listOf(form);
  if (listed === undefined || listed.values.length === 0) return { type: 'percentage', ...serve };
  const when = { attribute: listed.attribute, operator: 'in' as const, values: listed.values };
  return {
    type: 'rules',
    rules: [{ name: `these ${form.type}`, when, serve: { variant: listed.variant } }],
    otherwise: serve,
  };
}

function listOf(form: Flag['form']) {
  if (form.type === 'users') return { attribute: 'targetingKey', values: form.users, variant: form.variant };
  if (form.type === 'tenants') return { attribute: 'tenant', values: form.tenants, variant: form.variant };
  return undefined;
}

/**
 * The flag after a setting. Rules stay, and what is set is for those that no rule is about; users and tenants that are
 * listed keep their variant beside a percentage. Throws FlagNotSettable, FlagRefused.
 */
export function settled(key: string, flag: Flag, setting: Wanted): Flag {
  if ('enabled' in setting) return { ...flag, enabled: setting.enabled };
  const { form } = flag;
  if (form.type === 'definition') {
    throw new FlagNotSettable(
      `${key} is a definition of flagd: only people can say what of it is to change`,
      {
        evidence: { flag: key, form: form.type },
        action: 'Write the flag as percentage or rules, or let only `enabled` be set.',
      },
    );
  }
  assertVariant(key, flag, '/set/variant', setting.variant);
  if ('rest' in setting && setting.rest !== undefined) assertVariant(key, flag, '/set/rest', setting.rest);
  return { ...flag, enabled: true, form: served(form, setting) };
}

/** Throws FlagRefused when the flag has no variant of this name; `pointer`: where the caller said it. */
export function assertVariant(key: string, { variants }: Flag, pointer: string, name: string): void {
  if (Object.hasOwn(variants, name)) return;
  const names = Object.keys(variants).slice(0, 10).join(', ');
  throw new FlagRefused(`${key} has no variant ${name}: expected one of ${names}`, {
    problems: [{ pointer, detail: `Expected one of ${names}` }],
    evidence: { flag: key, variant: name },
    action: 'Name a variant of the flag.',
  });
}
