import { stripTypeScriptTypes } from 'node:module';
import { z } from 'zod';
import { fieldProblems, InvalidInput } from '#platform/errors.ts';
import { type ChainOptions, compileChain } from './chain.ts';
import { type Operation, VersionChange } from './schemas.ts';

/** So many changes between two versions. */
const MOST_CHANGES = 1_000;

/**
 * Reads changes as people write them, the oldest first, and makes of them what is stored and served: modules lose their
 * types, and every program is compiled once.
 * @throws InvalidInput naming each field that is wrong, and nothing is half prepared.
 */
export async function prepareChanges(written: unknown, options: ChainOptions): Promise<VersionChange[]> {
  const { data, error } = z.array(VersionChange).max(MOST_CHANGES).safeParse(written);
  if (error) {
    throw new InvalidInput('The changes do not have the expected form', {
      problems: fieldProblems('', error),
      action: 'Correct the fields named; docs/api-transformations.md has every operation.',
    });
  }
  const twice = data.find(({ id }, at) => data.findIndex((one) => one.id === id) !== at);
  if (twice) {
    throw new InvalidInput(`Expected ids that differ, found ${twice.id} twice`, {
      problems: [{ pointer: `/${data.lastIndexOf(twice)}/id`, detail: 'another change has this id' }],
      action: 'Give one of the changes another id.',
    });
  }
  const prepared = data.map(withoutTypes);
  const chain = await compileChain(prepared, options);
  chain.dispose();
  return prepared;
}

function withoutTypes(change: VersionChange, index: number): VersionChange {
  const lists = (['request', 'response', 'errors'] as const).flatMap((list) => {
    const operations = change[list];
    if (!operations) return [];
    const plain = operations.map(
      (operation, at): Operation =>
        operation.op === 'typescript'
          ? { ...operation, source: javaScriptOf(operation.source, `/${index}/${list}/${at}/source`) }
          : operation,
    );
    return [[list, plain] as const];
  });
  return { ...change, ...Object.fromEntries(lists) };
}

/** A module without its types; what is left stands where it stood. @throws InvalidInput for what is more than types, such as an enum. */
function javaScriptOf(source: string, pointer: string): string {
  try {
    return stripTypeScriptTypes(source);
  } catch (error) {
    const detail = `The TypeScript cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new InvalidInput(detail, {
      problems: [{ pointer, detail }],
      action: 'Correct the module; write no enums and no namespaces: only types are taken away.',
    });
  }
}
