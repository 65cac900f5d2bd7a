import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FlagView } from '#flags/schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import type { Platform } from '../platform.ts';
import { namedValue } from './named-value.ts';
import { flagPath } from './path.ts';

/** What `flag set` names of a flag. */
export interface FlagOptions {
  file?: string;
  on?: boolean;
  off?: boolean;
  percentage?: string;
  users?: string[];
  tenants?: string[];
  weights?: string[];
  variants?: string[];
  offVariant?: string;
  variant?: string;
  enabled?: boolean;
  description?: string;
  owner?: string;
  kind?: string;
  tag?: string[];
  expires?: string;
}

/** A file of YAML or JSON. @throws Failure (usage) */
export async function readStructured(path: string, expected: string): Promise<unknown> {
  try {
    const { parse } = await import('yaml');
    return parse(await readFile(path, 'utf8'), { maxAliasCount: 100 });
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      code: exitCode.usage,
      action: `Expected ${expected} in YAML or JSON.`,
    });
  }
}

/** @throws Failure (usage) */
function numberOf(text: string, option: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new Failure(`${option} is '${text}'; expected a number.`, { code: exitCode.usage });
}

/** `red=20` of --weights. @throws Failure (usage) */
function weightOf(text: string): [string, number] {
  const at = text.lastIndexOf('=');
  if (at <= 0) {
    throw new Failure(`--weights has '${text}'; expected variant=percentage, such as red=20.`, {
      code: exitCode.usage,
    });
  }
  return [text.slice(0, at), numberOf(text.slice(at + 1), '--weights')];
}

/** `red=#f00` of --variants. @throws Failure (usage) */
const variantOf = (text: string): [string, unknown] =>
  namedValue(text, '--variants', 'name=value, such as red=#f00 or large=50');

/** What variants there are, and which of them a flag gives that is switched off: `off` where it is named, else the first. */
function variantsOf(variants: string[]): object {
  const named = variants.map(variantOf);
  const names = named.map(([name]) => name);
  return { variants: Object.fromEntries(named), off: names.includes('off') ? 'off' : names[0] };
}

/** The form that options name; undefined when they name none. @throws Failure (usage) for more than one. */
export function formOf(options: FlagOptions): object | undefined {
  const { variant } = options;
  const served = variant === undefined ? {} : { variant };
  const forms = [
    ...(options.on === true ? [{ type: 'boolean', on: true }] : []),
    ...(options.off === true ? [{ type: 'boolean', on: false }] : []),
    ...(options.percentage === undefined
      ? []
      : [{ type: 'percentage', percentage: numberOf(options.percentage, '--percentage'), ...served }]),
    ...(options.users === undefined ? [] : [{ type: 'users', users: options.users, ...served }]),
    ...(options.tenants === undefined ? [] : [{ type: 'tenants', tenants: options.tenants, ...served }]),
    ...(options.weights === undefined
      ? []
      : [{ type: 'weights', weights: Object.fromEntries(options.weights.map(weightOf)) }]),
  ];
  if (forms.length > 1) {
    throw new Failure('A flag decides in one way.', {
      code: exitCode.usage,
      action:
        'Name one of --on, --off, --percentage, --users, --tenants and --weights, or write rules into a file.',
    });
  }
  return forms[0];
}

/** The fields that options name. */
export function namedFields(options: FlagOptions): object {
  const { enabled, description, owner, kind, tag, expires, variants, offVariant } = options;
  const form = formOf(options);
  return {
    ...(variants === undefined ? {} : variantsOf(variants)),
    ...(offVariant === undefined ? {} : { off: offVariant }),
    ...(form === undefined ? {} : { form }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(description === undefined ? {} : { description }),
    ...(owner === undefined ? {} : { owner }),
    ...(kind === undefined ? {} : { kind }),
    ...(tag === undefined ? {} : { tags: tag.filter((one) => one !== 'none') }),
    ...(expires === undefined ? {} : { expires: expires === 'never' ? null : expires }),
  };
}

/** A flag as it is now, as PUT takes it: of version 0 when there is none. */
export async function formerFlag(
  platform: Platform,
  environment: string,
  key: string,
): Promise<{ version: number; fields: object }> {
  try {
    const former = await call(platform, {
      method: 'GET',
      path: flagPath(environment, 'flags', key),
      answer: FlagView,
    });
    const { key: _key, killed: _killed, version, why: _why, ...rest } = former;
    const { createdAt: _created, createdBy: _by, updatedAt: _updated, updatedBy: _who, ...fields } = rest;
    return { version, fields };
  } catch (error) {
    const isMissing =
      error instanceof Failure && z.looseObject({ status: z.literal(404) }).safeParse(error.problem).success;
    if (isMissing) return { version: 0, fields: {} };
    throw error;
  }
}
