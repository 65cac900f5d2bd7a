const mostSegments = 12;

/** Parts of a path that name one thing of many: numbers, uuids, long texts, texts with digits in them. */
const looksLikeId = (segment: string): boolean =>
  segment.length > 32 ||
  /^\d+$/.test(segment) ||
  (segment.length > 7 && /\d/.test(segment)) ||
  segment.includes('%');

/** An endpoint for a path that no description names: bounded, whatever is called. */
function guessed(method: string, segments: readonly string[]): string {
  const kept = segments.slice(0, mostSegments).map((one) => (looksLikeId(one) ? '{}' : one));
  return `${method} /${kept.join('/')}${segments.length > mostSegments ? '/…' : ''}`;
}

/** A step of paths: literal segments before a parameter, as descriptions have it. */
interface Step {
  literal: Map<string, Step>;
  parameter: Step | undefined;
  ends: boolean;
}
const step = (): Step => ({ literal: new Map(), parameter: undefined, ends: false });

export interface Endpoints {
  /** The key of the endpoint that a request is for: `GET /orders/{}`. */
  of(method: string, path: string): string;
}

/** Finds the endpoint of a request among those that are known; a HEAD is the GET of its path. */
export function endpointsOf(keys: Iterable<string>): Endpoints {
  const methods = new Map<string, Step>();
  for (const key of keys) {
    const [method = '', path = ''] = key.split(' ', 2);
    let at = methods.get(method) ?? step();
    methods.set(method, at);
    for (const segment of segmentsOf(path)) {
      const next = segment === '{}' ? at.parameter : at.literal.get(segment);
      const made = next ?? step();
      if (segment === '{}') at.parameter = made;
      else at.literal.set(segment, made);
      at = made;
    }
    at.ends = true;
  }
  const known = (method: string, segments: readonly string[]): string | undefined => {
    const first = methods.get(method);
    const found = first && walk(first, segments, 0);
    return found && `${method} /${found.join('/')}`;
  };
  return {
    of(method, path) {
      const segments = segmentsOf(path);
      const same = known(method, segments);
      if (same !== undefined || method !== 'HEAD') return same ?? guessed(method, segments);
      return known('GET', segments) ?? guessed('GET', segments);
    },
  };
}

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

/** At most two ways at each step, and as many steps as the keys have: a path longer than all ends at once. */
function walk(from: Step, segments: readonly string[], at: number): string[] | undefined {
  const segment = segments[at];
  if (segment === undefined) return from.ends ? [] : undefined;
  const literal = from.literal.get(segment);
  const rest = literal && walk(literal, segments, at + 1);
  if (rest !== undefined) return [segment, ...rest];
  const other = from.parameter && walk(from.parameter, segments, at + 1);
  return other && ['{}', ...other];
}
