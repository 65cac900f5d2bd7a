import { isDeepStrictEqual } from 'node:util';

/** One place where two values differ; undefined: not there. */
export interface Difference {
  /** RFC 6901. */
  pointer: string;
  before?: unknown;
  after?: unknown;
}

/** Differences, at most. */
const most = 200;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** Where two values of JSON differ, in the order of their names; at most 200 places. Lists are compared place by place. */
export function differences(before: unknown, after: unknown, pointer = ''): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  const comparable = isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after);
  if (!comparable) {
    return [
      {
        pointer,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      },
    ];
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const own = (value: Record<string, unknown>, name: string) =>
    Object.hasOwn(value, name) ? value[name] : undefined;
  return names
    .flatMap((name) => differences(own(before, name), own(after, name), `${pointer}/${escaped(name)}`))
    .slice(0, most);
}
