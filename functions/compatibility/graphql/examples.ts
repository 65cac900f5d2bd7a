import {
  type GraphQLArgument,
  type GraphQLDirective,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isInputType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  parse,
  validate,
} from 'graphql';
import type { Example } from '../changes.ts';
import type { Element } from './announced.ts';
import { callOf, literalOf, objectWith, Reach, selectionOf, valueWith } from './reach.ts';

/** For so many changes of one comparison an operation is looked for. */
const MOST = 60;

/** What changed, as far as an operation is made of it. */
export interface Changed extends Element {
  /** Of a union the member, of a type the interface, of a directive the place. */
  other?: string | undefined;
}

/** Finds operations that the old schema takes and the new one refuses; graphql's own validation says both. */
export class Examples {
  readonly #old: GraphQLSchema;
  readonly #next: GraphQLSchema;
  #reach: Reach | undefined;
  #left = MOST;

  constructor(old: GraphQLSchema, next: GraphQLSchema) {
    this.#old = old;
    this.#next = next;
  }

  /** The operation for one change, or why there is none. */
  of(rule: string, changed: Changed): Example | string {
    if (this.#left-- <= 0)
      return `No operation was looked for, since there are more than ${MOST} such changes`;
    let another: Example | undefined;
    for (const operation of this.#candidates(rule, changed)) {
      if (operation === undefined) continue;
      const reason = this.#refusal(operation);
      if (reason === undefined) continue;
      const example = { document: operation, acceptedBy: 'old', refusedBy: 'new', reason } as const;
      if (reason.includes(changed.argument ?? changed.field ?? changed.type.replace('@', ''))) return example;
      another ??= example;
    }
    return another ?? 'No operation was found that shows it';
  }

  /** What the new schema says against an operation that the old one takes; undefined when it proves nothing. */
  #refusal(operation: string): string | undefined {
    const document = parse(operation);
    if (validate(this.#old, document).length > 0) return undefined;
    return validate(this.#next, document)[0]?.message;
  }

  get #ways(): Reach {
    const next = this.#next;
    this.#reach ??= new Reach(this.#old, (parent, field) => {
      const same = next.getType(parent.name);
      if (!isObjectType(same) && !isInterfaceType(same)) return false;
      const now = same.getFields()[field.name];
      return (
        now !== undefined && `${now.type}` === `${field.type}` && written(now.args) === written(field.args)
      );
    });
    return this.#reach;
  }

  *#candidates(rule: string, changed: Changed): Generator<string | undefined> {
    if (changed.type.startsWith('@')) {
      yield* this.#directive(changed);
      return;
    }
    const type = this.#old.getType(changed.type);
    if (rule.startsWith('schema-')) yield* this.#root(changed);
    if (!type) return;
    if (isObjectType(type) || isInterfaceType(type)) yield* this.#field(type, changed);
    if (isInputType(type)) yield* this.#input(type, changed);
    if (changed.other !== undefined) {
      yield this.#ways.operation(type, `__typename ... on ${changed.other} { __typename }`);
      const other = this.#old.getType(changed.other);
      if (other) yield this.#ways.operation(other, `__typename ... on ${type.name} { __typename }`);
    }
    if (changed.field === undefined) yield* this.#whole(type);
  }

  *#root({ type, other }: Changed): Generator<string> {
    for (const operation of ['query', 'mutation', 'subscription'].filter((one) => one === other)) {
      yield `${operation} { __typename }`;
      yield `${operation} { ...F } fragment F on ${type} { __typename }`;
    }
  }

  /** A field by itself, with its argument as a variable of its type and as a value. */
  *#field(type: GraphQLNamedType, { field: name, argument }: Changed): Generator<string | undefined> {
    const fields = isObjectType(type) || isInterfaceType(type) ? type.getFields() : {};
    const field = name !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) return;
    const selection = selectionOf(getNamedType(field.type));
    const given = field.args.find((one) => one.name === argument);
    if (given) {
      for (const [variables, value] of valuesOf(given.type)) {
        yield this.#ways.operation(type, callOf(field, { [given.name]: value }) + selection, variables);
      }
    }
    yield this.#ways.operation(type, callOf(field) + selection);
  }

  /** An input, or a value of an enum, or a scalar, where an argument takes it. */
  *#input(type: GraphQLNamedType, { field: name }: Changed): Generator<string | undefined> {
    const taking = this.#ways.argumentTaking(type);
    if (!taking) return;
    const { parent, field, argument } = taking;
    const operation = (leaf: string, variables = '') => {
      const value = valueWith(argument.type, type, leaf);
      if (value === undefined) return undefined;
      const call = callOf(field, { [argument.name]: value }) + selectionOf(getNamedType(field.type));
      return this.#ways.operation(parent, call, variables);
    };
    if (isInputObjectType(type)) {
      const fields = type.getFields();
      const one = name !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (one) {
        for (const [variables, value] of valuesOf(one.type))
          yield operation(objectWith(type, { [one.name]: value }), variables);
      }
      yield operation(objectWith(type, {}));
    } else if (name !== undefined) yield operation(name);
    yield operation('$v', `($v: ${type.name}!)`);
  }

  *#whole(type: GraphQLNamedType): Generator<string | undefined> {
    if (!isInputType(type)) yield this.#ways.operation(type, '__typename');
    const found = this.#ways.fieldAnswering(type);
    if (found) yield this.#ways.operation(found.parent, callOf(found.field) + selectionOf(type));
    if (isObjectType(type) || isAbstractType(type))
      yield this.#ways.operation(type, `... on ${type.name} { __typename }`);
  }

  *#directive({ type, argument, other }: Changed): Generator<string> {
    const directive = this.#old.getDirective(type.slice(1));
    if (!directive) return;
    const given = directive.args.find((one) => one.name === argument);
    const uses = given
      ? valuesOf(given.type).map(([variables, value]) => [variables, use(directive, given, value)] as const)
      : [['', use(directive)] as const];
    for (const [variables, written] of uses) {
      const twice = directive.isRepeatable ? ` ${written}` : '';
      for (const [location, operation] of Object.entries(placed(written, variables, twice))) {
        if (directive.locations.some((one) => one === location) && (other ?? location) === location)
          yield operation;
      }
    }
  }
}

const written = (all: readonly GraphQLArgument[]) => all.map(({ name, type }) => `${name}: ${type}`).join();

/** A directive as it stands in an operation, at each location that operations have. */
const placed = (written: string, variables: string, twice: string): Record<string, string> => ({
  QUERY: `query${variables} ${written}${twice} { __typename }`,
  FIELD: `query${variables} { __typename ${written}${twice} }`,
  INLINE_FRAGMENT: `query${variables} { ... ${written}${twice} { __typename } }`,
});

function use(directive: GraphQLDirective, given?: GraphQLArgument, value = ''): string {
  const values = directive.args.flatMap((one) => {
    if (one === given) return [`${one.name}: ${value}`];
    return isRequiredArgument(one) ? [`${one.name}: ${literalOf(one.type)}`] : [];
  });
  return `@${directive.name}${values.length > 0 ? `(${values.join(', ')})` : ''}`;
}

/** Values of a type to try, each with the variables that it is written with. */
function valuesOf(type: GraphQLInputType): (readonly [variables: string, value: string])[] {
  const value = literalOf(type);
  const nullable = isNonNullType(type) ? [] : [['', 'null'] as const];
  return [['', value], ...nullable, [`($v: ${type})`, '$v']];
}
