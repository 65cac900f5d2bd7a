import type { List } from '../operations/compile.ts';
import { pointerOf } from '../pointers.ts';
import { Operation } from '../schemas.ts';
import type { Finding, Findings, OpenPlace, Sureness } from './finding.ts';
import { movedFields, type PropertyPair, pairedProperties, shapeAt } from './objects.ts';
import { type Shape, shapeOf, type Written } from './shapes.ts';
import { conversion, defaultOf, mapOf, mappedValues, narrowed, wrapping } from './values.ts';

type Part = 'body' | 'query' | 'headers';

const DEEPEST = 12;
/** Findings and open places of one list of one endpoint. */
const MOST = 500;

/** What leads from one schema to the next: for requests so that older ones fit, for answers so that older readers do. */
export function findingsBetween(older: Written, newer: Written, list: List, part: Part): Findings {
  const walk = new Walk(list === 'request' ? 'up' : 'down', part);
  walk.values(older, newer, []);
  return { found: walk.found, open: walk.open };
}

class Walk {
  readonly found: Finding[] = [];
  readonly open: OpenPlace[] = [];
  readonly #way: 'up' | 'down';
  readonly #part: Part;
  /** Places from which and to which fields moved, so that they are neither gone nor new. */
  readonly #movedFrom = new Set<string>();
  readonly #movedTo = new Set<string>();
  readonly #above: (readonly [unknown, unknown])[] = [];

  constructor(way: 'up' | 'down', part: Part) {
    this.#way = way;
    this.#part = part;
  }

  values(older: Written, newer: Written, steps: readonly string[]): void {
    const [before, after] = [shapeOf(older), shapeOf(newer)];
    if (before.text === after.text) return;
    const again = this.#above.some(([one, other]) => one === older.schema && other === newer.schema);
    if (again || this.#above.length > DEEPEST) {
      this.#ask(steps, 'the schema leads back to itself: what changes deeper down is for a program');
      return;
    }
    this.#above.push([older.schema, newer.schema]);
    this.#compared(older, newer, before, after, steps);
    this.#above.pop();
  }

  #compared(older: Written, newer: Written, before: Shape, after: Shape, steps: readonly string[]): void {
    if (
      (this.#part !== 'body' && steps.length === 0) ||
      (before.properties.size > 0 && after.properties.size > 0)
    ) {
      this.#objects(older, newer, before, after, steps);
      return;
    }
    if (before.items && after.items) {
      this.values(before.items, after.items, [...steps, '*']);
      return;
    }
    if (before.values && after.values) {
      this.values(before.values, after.values, [...steps, '*']);
      return;
    }
    if (this.#part === 'body' && this.#wrapped(before, after, steps)) return;
    if (before.enum && after.enum) {
      this.#enumeration(before.enum, after.enum, steps);
      return;
    }
    const types = conversion(before, after);
    if (types && this.#part === 'body') {
      const operation: Operation = { op: 'convert', in: 'body', at: pointerOf(steps), ...types };
      this.#add(operation, 'likely', `the type ${types.from} became ${types.to}`);
      return;
    }
    const [from, to] = this.#way === 'up' ? [before, after] : [after, before];
    const refused = narrowed(from, to);
    if (refused.length === 0) return;
    const [who, whose] = this.#way === 'up' ? ['newer', 'older requests'] : ['older', 'newer answers'];
    this.#ask(steps, `the ${who} version refuses some ${whose}: ${refused.join(', ')} differ`);
  }

  /** A value that became a list or an object with it, or the other way round. */
  #wrapped(before: Shape, after: Shape, steps: readonly string[]): boolean {
    const at = pointerOf(steps);
    const list = (of: Shape, item: Shape) =>
      of.items !== undefined &&
      item.types.length > 0 &&
      !item.types.includes('array') &&
      shapeOf(of.items).text === item.text;
    if (list(after, before)) {
      this.#add({ op: 'wrap', at, as: 'array' }, 'certain', 'the list is of what the value was');
      return true;
    }
    if (list(before, after)) {
      this.#add(
        { op: 'unwrap', at, from: 'array' },
        'likely',
        'the value is what the items of the list were',
      );
      return true;
    }
    const isObject = (shape: Shape) => shape.properties.size > 0;
    const into = isObject(after) && before.types.length > 0 ? wrapping(before, after) : undefined;
    if (into) {
      this.#parsed(
        { op: 'wrap', at, as: 'object', ...into },
        'likely',
        `${into.property} is what the value was`,
      );
      return true;
    }
    const outOf = isObject(before) && after.types.length > 0 ? wrapping(after, before) : undefined;
    if (!outOf) return false;
    this.#parsed(
      { op: 'unwrap', at, from: 'object', ...outOf },
      'likely',
      `the value is what ${outOf.property} was`,
    );
    return true;
  }

  #enumeration(before: readonly unknown[], after: readonly unknown[], steps: readonly string[]): void {
    const { pairs, sure, why, gone, came } = mappedValues(before, after);
    if (pairs.length > 0) this.#add(mapOf(pointerOf(steps), this.#part, pairs), sure, why);
    const [left, who] = this.#way === 'up' ? [gone, 'newer version does'] : [came, 'older version does'];
    if (left.length > 0)
      this.#ask(steps, `the ${who} not know ${left.map((one) => JSON.stringify(one)).join(', ')}: map them`);
  }

  #objects(older: Written, newer: Written, before: Shape, after: Shape, steps: readonly string[]): void {
    const top = steps.length === 0 || steps.at(-1) === '*';
    const moves = top && this.#part === 'body' ? movedFields(older, newer) : [];
    for (const { from, to } of moves) {
      this.#movedFrom.add(pointerOf([...steps, ...from]));
      this.#movedTo.add(pointerOf([...steps, ...to]));
    }
    const { pairs, gone, came } = pairedProperties(before, after);
    for (const pair of pairs) this.#property(before, after, pair, steps);
    for (const name of gone) {
      const { text } = shapeAt(before, name);
      this.#gone(
        before,
        name,
        steps,
        came.filter((other) => shapeAt(after, other).text === text),
      );
    }
    const late: string[] = [];
    for (const name of came) {
      if (this.#holdsMoved(this.#movedTo, [...steps, name])) late.push(name);
      else this.#came(after, name, steps);
    }
    for (const { from, to } of moves) {
      const operation: Operation = {
        op: 'move',
        in: 'body',
        from: pointerOf([...steps, ...from]),
        to: pointerOf([...steps, ...to]),
      };
      this.#add(operation, 'likely', 'the name and the schema are the same, and no other field fits');
    }
    // What holds a field that moved exists from here on.
    for (const name of late) this.#cameInside(after, name, steps);
  }

  #property(before: Shape, after: Shape, pair: PropertyPair, steps: readonly string[]): void {
    const [one, other] = [shapeAt(before, pair.older), shapeAt(after, pair.newer)];
    const at = [...steps, pair.older];
    const mandatory = { older: before.required.has(pair.older), newer: after.required.has(pair.newer) };
    if (this.#way === 'down') {
      if (other.nullable && !one.nullable) this.#fill(at, 'null', defaultOf(one), mandatory.older);
      if (mandatory.older && !mandatory.newer) this.#fill(at, 'absent', defaultOf(one), true);
    }
    const [written, next] = [before.properties.get(pair.older), after.properties.get(pair.newer)];
    if (written && next) this.values(written, next, at);
    if (this.#way === 'up') {
      if (one.nullable && !other.nullable) this.#fill(at, 'null', defaultOf(other), mandatory.newer);
      if (mandatory.newer && !mandatory.older) this.#fill(at, 'absent', defaultOf(other), true);
    }
    if (pair.older !== pair.newer) {
      const operation: Operation = { op: 'rename', in: this.#part, at: pointerOf(at), to: pair.newer };
      this.#add(operation, pair.sure, pair.why);
    }
  }

  /** What may be absent or null in one version and not in the other: its default, or nothing where that is allowed. */
  #fill(at: readonly string[], found: 'absent' | 'null', value: unknown, needed: boolean): void {
    if (value === undefined && needed) {
      this.#ask(at, `it may be ${found} in one version and not in the other, and there is no default`);
      return;
    }
    const given = value === undefined ? {} : { value };
    const operation = { op: 'fill', in: this.#part, at: pointerOf(at), going: this.#way, found, ...given };
    this.#parsed(operation, 'likely', value === undefined ? 'it may be absent' : 'it is the default');
  }

  #gone(before: Shape, name: string, steps: readonly string[], came: readonly string[]): void {
    const at = [...steps, name];
    const pointer = pointerOf(at);
    if (this.#movedFrom.has(pointer)) return;
    const shape = shapeAt(before, name);
    if (this.#holdsMoved(this.#movedFrom, at)) {
      for (const inner of shape.properties.keys()) this.#gone(shape, inner, at, []);
      return;
    }
    if (this.#way === 'up') {
      this.#parsed({ op: 'remove', in: this.#part, at: pointer }, 'certain', 'the newer version has it not');
      if (came.length > 0)
        this.#ask(
          at,
          `it is taken for removed; if it became ${came.slice(0, 5).join(' or ')}, say so there by x-renamed-from`,
        );
      return;
    }
    if (!before.required.has(name)) return;
    const value = defaultOf(shape) ?? (shape.nullable ? null : undefined);
    if (value === undefined) {
      this.#ask(at, 'older readers need it, the newer version has it not, and there is no default');
      return;
    }
    this.#parsed(
      { op: 'remove', in: this.#part, at: pointer, value },
      'likely',
      'older readers get the default',
    );
  }

  #came(after: Shape, name: string, steps: readonly string[]): void {
    const at = [...steps, name];
    // Said the same way both ways, it is one change.
    const value = after.required.has(name) ? defaultOf(shapeAt(after, name)) : undefined;
    if (this.#way === 'up' && !after.required.has(name)) return;
    if (this.#way === 'up' && value === undefined) {
      this.#ask(at, 'the newer version needs it, and there is no default');
      return;
    }
    const operation = { op: 'add', in: this.#part, at: pointerOf(at), ...(value !== undefined && { value }) };
    this.#parsed(
      operation,
      'certain',
      value === undefined ? 'the older version has it not' : 'it is the default',
    );
  }

  #cameInside(after: Shape, name: string, steps: readonly string[]): void {
    const shape = shapeAt(after, name);
    const at = [...steps, name];
    if (this.#movedTo.has(pointerOf(at))) return;
    for (const inner of shape.properties.keys()) {
      const below = [...at, inner];
      if (this.#movedTo.has(pointerOf(below))) continue;
      if (this.#holdsMoved(this.#movedTo, below)) this.#cameInside(shape, inner, at);
      else this.#came(shape, inner, at);
    }
  }

  #holdsMoved(places: ReadonlySet<string>, at: readonly string[]): boolean {
    const pointer = pointerOf(at);
    return [...places].some((place) => place === pointer || place.startsWith(`${pointer}/`));
  }

  /** Defaults and names come from descriptions: what is no operation after all is for a person. */
  #parsed(operation: unknown, sure: Sureness, why: string): void {
    const { data } = Operation.safeParse(operation);
    if (data) this.#add(data, sure, why);
    else
      this.open.push({
        pointer: '',
        reason: `no operation can be made of it: ${JSON.stringify(operation).slice(0, 200)}`,
      });
  }

  #add(operation: Operation, sure: Sureness, why: string): void {
    if (this.found.length < MOST) this.found.push({ operation, sure, why });
  }

  #ask(steps: readonly string[], reason: string): void {
    const pointer = pointerOf(this.#part === 'body' ? steps : [this.#part, ...steps]);
    if (this.open.length < MOST) this.open.push({ pointer, reason });
  }
}
