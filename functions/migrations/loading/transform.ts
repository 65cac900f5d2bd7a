import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import jsonata from 'jsonata';
import { z } from 'zod';
import { InvalidInput } from '#platform/errors.ts';
import type { Refused, Transform } from '../engines/engine.ts';
import type { Load, LoadColumn } from '../plan/schemas.ts';
import { bundledModules } from './bundled-modules.ts';

/** Of one record: ms, and the depth of the expression's own stack. */
const limits = { timeout: 1_000, stack: 500 };

type Outcome = Awaited<ReturnType<Transform>>;
type Compute = (record: Record<string, unknown>) => unknown;

const Module = z.looseObject({ default: z.custom<Compute>((value) => typeof value === 'function') });

function refuse(detail: string, action: string): InvalidInput {
  return new InvalidInput(detail, { problems: [{ pointer: '/data/tables', detail }], action });
}

/**
 * What becomes of a record outside of the database; null where the transformation is in SQL. Throws InvalidInput when an
 * expression does not parse or a module is not there.
 */
export async function transformOf(load: Load): Promise<Transform | null> {
  const { transform } = load;
  if (transform.kind === 'sql') return null;
  const compute =
    transform.kind === 'jsonata' ? compile(transform.expression) : await fromModule(transform.path);
  return async (record) => {
    try {
      return rowsOf(await compute(record), load.columns);
    } catch (error) {
      return { error: { name: 'TransformFailed', message: messageOf(error).slice(0, 2_000) } };
    }
  };
}

function compile(source: string): Compute {
  try {
    const expression = jsonata(source, limits);
    expression.registerFunction('eval', () => {
      throw new Error('$eval is not available');
    });
    // Its functions refuse null where they pass over what is missing.
    return (record) =>
      expression.evaluate(Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)));
  } catch (error) {
    throw refuse(`The JSONata does not parse: ${messageOf(error)}`, 'Correct the expression and plan again.');
  }
}

/** From the folder THESEUS_TRANSFORMS where there is one, else what was deployed with the functions. */
async function fromModule(path: string): Promise<Compute> {
  const folder = process.env.THESEUS_TRANSFORMS;
  const bundled = bundledModules[path];
  if (bundled === undefined && (folder === undefined || folder === '')) {
    throw refuse(
      `The module ${path} was not deployed with the platform, which loads no code from elsewhere`,
      'Add it to functions/migrations/loading/bundled-modules.ts and deploy, or write the transformation in sql or jsonata.',
    );
  }
  const load = bundled ?? (() => import(pathToFileURL(join(folder ?? '', path)).href));
  const loaded: unknown = await load().catch((error: unknown) => {
    throw refuse(
      `The module ${path} cannot be loaded: ${messageOf(error)}`,
      'On a laptop it is looked for in the folder in which the platform was started.',
    );
  });
  const parsed = Module.safeParse(loaded);
  if (parsed.success) return parsed.data.default;
  throw refuse(
    `The module ${path} has no function as its default export`,
    'Write: export default (record) => ({ … }), one row, a list of rows, or null for none.',
  );
}

/** jsonata throws plain objects. */
function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  return 'code' in error && typeof error.code === 'string'
    ? `${String(error.message)} (${error.code})`
    : String(error.message);
}

function rowsOf(value: unknown, columns: readonly LoadColumn[]): Outcome {
  const given = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  const rows: Record<string, string | null>[] = [];
  for (const each of given) {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) {
      return refused(`expected a row as an object, found ${typeof each}`);
    }
    const unknown = Object.keys(each).find((name) => !columns.some((column) => column.name === name));
    if (unknown !== undefined) return refused(`${unknown} is not among the columns of the file`);
    const values = new Map<string, unknown>(Object.entries(each));
    rows.push(Object.fromEntries(columns.map(({ name, type }) => [name, textOf(values.get(name), type)])));
  }
  return { rows };
}

const refused = (message: string): { error: Refused['error'] } => ({
  error: { name: 'TransformFailed', message },
});

/** A value as PostgreSQL reads it from text. */
export function textOf(value: unknown, type: string): string | null {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value) && type.endsWith('[]')) return arrayText(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function arrayText(values: unknown[]): string {
  const parts = values.map((value) => {
    if (value === undefined || value === null) return 'NULL';
    if (Array.isArray(value)) return arrayText(value);
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  });
  return `{${parts.join(',')}}`;
}
