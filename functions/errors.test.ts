import { readdirSync, readFileSync } from 'node:fs';
import { parseAst } from 'rolldown/parseAst';
import { describe, expect, it } from 'vitest';

const folder = new URL('.', import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('testing/'));

/** Every errors.ts of every room; the base class and the helper beside the platform's are none. */
const errors: Record<string, unknown> = {};
const errorFiles = files.filter((path) => /(^|\/)errors\.ts$/.test(path));
for (const path of errorFiles) {
  const exported: Record<string, unknown> = await import(new URL(path, folder).href);
  for (const [name, value] of Object.entries(exported)) if (/^[A-Z]/.test(name)) errors[name] = value;
}
delete errors.TheseusError;

const names = Object.keys(errors);

interface Made {
  where: string;
  name: string;
  details: unknown;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function* nodesIn(value: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(value)) for (const each of value) yield* nodesIn(each);
  else if (isRecord(value)) {
    yield value;
    for (const each of Object.values(value)) yield* nodesIn(each);
  }
}

/** Every place that makes one of the errors, with its second argument. */
const made: Made[] = files.flatMap((path) => {
  const text = readFileSync(new URL(path, folder), 'utf8');
  return [...nodesIn(parseAst(text, { lang: 'ts' }))].flatMap((node) => {
    if (node.type !== 'NewExpression' || !isRecord(node.callee)) return [];
    const name = String(node.callee.name);
    if (!names.includes(name) || !Array.isArray(node.arguments)) return [];
    const line = text.slice(0, Number(node.start)).split('\n').length;
    return [{ where: `${path}:${line}`, name, details: node.arguments[1] }];
  });
});

/** Said there, or taken over from details that were given: those are made where the same rule holds. */
function saysWhatToDo(details: unknown): boolean {
  if (!isRecord(details)) return false;
  if (details.type !== 'ObjectExpression') return true;
  return (
    Array.isArray(details.properties) &&
    details.properties.some(
      ({ type, key, argument }) =>
        (type === 'SpreadElement' && argument.type === 'Identifier') || key?.name === 'action',
    )
  );
}

/** A class may say it once for all: then nobody has to decide anything. */
function saysItself(name: string): boolean {
  const Failure: unknown = Reflect.get(errors, name);
  if (typeof Failure !== 'function') return false;
  const failure: unknown = Reflect.construct(Failure, ['It failed']);
  return isRecord(failure) && typeof failure.action === 'string';
}

describe('a named failure', () => {
  it('stands in one of the files looked at', () => {
    const rooms = [
      'apis',
      'configuration',
      'deployments',
      'flags',
      'gateway',
      'migrations',
      'platform',
      'services',
    ];
    expect(errorFiles).toEqual(expect.arrayContaining(rooms.map((room) => `${room}/errors.ts`)));
  });

  it('is looked for where it is made', () => {
    expect(made.length).toBeGreaterThan(80);
    expect(names).toContain('VerificationFailed');
  });

  it.each(names)('%s says what to do wherever it is made', (name) => {
    if (saysItself(name)) return;
    const silent = made.filter((one) => one.name === name && !saysWhatToDo(one.details));
    expect(silent.map(({ where }) => where)).toEqual([]);
  });

  it.each(names)('%s has its literal name', (name) => {
    const Failure: unknown = Reflect.get(errors, name);
    expect(typeof Failure === 'function' && Reflect.construct(Failure, ['It failed'])).toMatchObject({
      name,
    });
  });
});
