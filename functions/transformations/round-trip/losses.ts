import { parentOf, stepsOf } from '../pointers.ts';
import type { Operation } from '../schemas.ts';

/** The part of a document and the place in it, as steps with `*`. */
export interface Loss {
  part: 'body' | 'query' | 'headers';
  steps: readonly string[];
}

/** What does not come back when an operation is done and undone, as its older document calls it. */
export function lossesOf(operation: Operation): Loss[] {
  const part = 'in' in operation ? operation.in : 'body';
  return lostPointers(operation).map((pointer) => ({ part, steps: stepsOf(pointer) }));
}

function lostPointers(operation: Operation): string[] {
  switch (operation.op) {
    case 'remove':
      return [operation.at];
    case 'unwrap':
      return [operation.at];
    case 'fill':
      return operation.going === 'up' ? [operation.at] : [];
    case 'convert':
      // 1.50 and 1.5 are one number.
      return operation.from === 'string' && operation.to === 'number' ? [operation.at] : [];
    case 'join': {
      const above = operation.at.slice(0, operation.at.lastIndexOf('/'));
      return operation.from.map((name) => `${above}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    }
    case 'map':
      return mapLoses(operation) ? [operation.at] : [];
    case 'jsonata':
    case 'typescript':
      return operation.loses ?? [];
    default:
      return [];
  }
}

function mapLoses({ values, down = [] }: Extract<Operation, { op: 'map' }>): boolean {
  const back = new Map<unknown, unknown>([
    ...values.map(([older, newer]) => [newer, older] as const),
    ...down,
  ]);
  return values.some(([older, newer]) => back.get(newer) !== older);
}

/** How the older document of an operation calls what the newer one has at a place. */
export function olderPlace(operation: Operation, { part, steps }: Loss): Loss {
  if (('in' in operation ? operation.in : 'body') !== part) return { part, steps };
  const moved = (newer: readonly string[], older: readonly string[]): Loss =>
    begins(steps, newer) ? { part, steps: [...older, ...steps.slice(newer.length)] } : { part, steps };
  if (operation.op === 'rename') {
    const { holder, name } = parentOf(operation.at);
    return moved([...holder, operation.to], [...holder, name]);
  }
  if (operation.op === 'move') return moved(stepsOf(operation.to), stepsOf(operation.from));
  if (operation.op === 'wrap') {
    const at = stepsOf(operation.at);
    return moved([...at, operation.as === 'array' ? '*' : (operation.property ?? '')], at);
  }
  return { part, steps };
}

const begins = (steps: readonly string[], beginning: readonly string[]) =>
  beginning.length <= steps.length && beginning.every((step, at) => step === steps[at]);
