import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from 'graphql';

type AnyField = GraphQLField<unknown, unknown>;

/** How a type was reached: from another one by a field or by a fragment on it; from nowhere, as a root of operations. */
type Link =
  | { operation: 'query' | 'mutation' | 'subscription' }
  | { from: GraphQLCompositeType; field: AnyField }
  | { from: GraphQLCompositeType; fragment: true };

/** An argument of a field that can be asked for. */
export interface ReachedArgument {
  parent: GraphQLCompositeType;
  field: AnyField;
  argument: GraphQLArgument;
}

/** So deep are values that contain others. */
const DEEPEST = 8;

/**
 * Ways through a schema: which operation comes to a type, and which argument takes a value of an input. Where it can be
 * chosen the way leads through what `stable` says has not changed, so that an example shows one change and no other.
 */
export class Reach {
  readonly #schema: GraphQLSchema;
  readonly #links = new Map<string, Link>();
  readonly #reached: GraphQLCompositeType[] = [];
  readonly #arguments = new Map<string, ReachedArgument | undefined>();

  constructor(schema: GraphQLSchema, stable: (parent: GraphQLNamedType, field: AnyField) => boolean) {
    this.#schema = schema;
    const roots = {
      query: schema.getQueryType(),
      mutation: schema.getMutationType(),
      subscription: schema.getSubscriptionType(),
    };
    for (const operation of ['query', 'mutation', 'subscription'] as const) {
      const type = roots[operation];
      if (type) this.#add(type, { operation });
    }
    this.#walk(stable);
    this.#walk(() => true);
  }

  #add(type: GraphQLCompositeType, link: Link): void {
    if (this.#links.has(type.name)) return;
    this.#links.set(type.name, link);
    this.#reached.push(type);
  }

  #walk(follow: (parent: GraphQLNamedType, field: AnyField) => boolean): void {
    // Those found on the way come after and are walked too.
    for (const type of this.#reached) {
      for (const field of fieldsOf(type)) {
        const target = getNamedType(field.type);
        if (isCompositeType(target) && follow(type, field)) this.#add(target, { from: type, field });
      }
      const below =
        isUnionType(type) || isInterfaceType(type)
          ? this.#schema.getPossibleTypes(type)
          : isObjectType(type)
            ? type.getInterfaces()
            : [];
      for (const other of below) this.#add(other, { from: type, fragment: true });
    }
  }

  /** An operation that asks for `selection` at a type; undefined when no operation comes there. */
  operation(type: GraphQLNamedType, selection: string, variables = ''): string | undefined {
    let [here, inner] = [type.name, selection];
    for (;;) {
      const link = this.#links.get(here);
      if (!link) return undefined;
      if ('operation' in link) return `${link.operation}${variables} { ${inner} }`;
      inner =
        'field' in link ? `${callOf(link.field)} { ${inner} }` : `__typename ... on ${here} { ${inner} }`;
      here = link.from.name;
    }
  }

  /** A type that can be come to and a field of it that answers with `type`. */
  fieldAnswering(type: GraphQLNamedType): { parent: GraphQLCompositeType; field: AnyField } | undefined {
    for (const parent of this.#reached) {
      const field = fieldsOf(parent).find((one) => getNamedType(one.type).name === type.name);
      if (field) return { parent, field };
    }
    return undefined;
  }

  /** An argument that can be given and takes `type`, or an input with it inside. */
  argumentTaking(type: GraphQLNamedType): ReachedArgument | undefined {
    if (!this.#arguments.has(type.name)) this.#arguments.set(type.name, this.#argumentTaking(type));
    return this.#arguments.get(type.name);
  }

  #argumentTaking(type: GraphQLNamedType): ReachedArgument | undefined {
    let inside: ReachedArgument | undefined;
    for (const parent of this.#reached) {
      for (const field of fieldsOf(parent)) {
        for (const argument of field.args) {
          const found = { parent, field, argument };
          if (getNamedType(argument.type).name === type.name) return found;
          if (!inside && valueWith(argument.type, type, '0') !== undefined) inside = found;
        }
      }
    }
    return inside;
  }
}

const fieldsOf = (type: GraphQLNamedType): AnyField[] =>
  isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];

/** A field with the arguments that it demands, and with `given` as they are. */
export function callOf(field: AnyField, given: Readonly<Record<string, string>> = {}): string {
  const values = field.args.flatMap((one) => {
    if (Object.hasOwn(given, one.name)) return [`${one.name}: ${given[one.name]}`];
    return isRequiredArgument(one) ? [`${one.name}: ${literalOf(one.type)}`] : [];
  });
  return values.length > 0 ? `${field.name}(${values.join(', ')})` : field.name;
}

/** What to ask of a field, so that it is a valid selection: its leaves that demand nothing, and its type's name. */
export function selectionOf(type: GraphQLNamedType): string {
  if (isLeafType(type)) return '';
  const leaves = fieldsOf(type)
    .filter((one) => isLeafType(getNamedType(one.type)) && !one.args.some(isRequiredArgument))
    .slice(0, 5)
    .map(({ name }) => name);
  return ` { ${['__typename', ...leaves].join(' ')} }`;
}

const scalars: Readonly<Record<string, string>> = { Int: '1', Float: '1.5', Boolean: 'true', ID: '"1"' };

/** A value that a type takes, as it is written in an operation. */
export function literalOf(type: GraphQLInputType, depth = 0): string {
  if (isNonNullType(type)) return literalOf(type.ofType, depth);
  if (isListType(type)) return '[]';
  if (isEnumType(type)) return type.getValues()[0]?.name ?? 'null';
  if (!isInputObjectType(type)) return Object.hasOwn(scalars, type.name) ? `${scalars[type.name]}` : '"a"';
  return depth > DEEPEST ? '{}' : objectWith(type, {}, depth);
}

/** An input with the fields that it demands, `given` as they are, and without those in `without`. */
export function objectWith(
  type: GraphQLNamedType,
  given: Readonly<Record<string, string>>,
  depth = 0,
): string {
  if (!isInputObjectType(type)) return '{}';
  const fields = Object.values(type.getFields());
  const one = type.isOneOf && Object.keys(given).length === 0 ? fields[0] : undefined;
  const values = fields.flatMap((field: GraphQLInputField) => {
    if (Object.hasOwn(given, field.name)) return [`${field.name}: ${given[field.name]}`];
    const needed = isRequiredInputField(field) || field === one;
    return needed ? [`${field.name}: ${literalOf(field.type, depth + 1)}`] : [];
  });
  return `{ ${values.join(', ')} }`;
}

/** A value of `type` that has `leaf` where `target` stands in it; undefined when it stands nowhere. */
export function valueWith(
  type: GraphQLInputType,
  target: GraphQLNamedType,
  leaf: string,
  above: ReadonlySet<string> = new Set(),
): string | undefined {
  if (isNonNullType(type)) return valueWith(type.ofType, target, leaf, above);
  if (isListType(type)) {
    const item = valueWith(type.ofType, target, leaf, above);
    return item === undefined ? undefined : `[${item}]`;
  }
  if (type.name === target.name) return leaf;
  if (!isInputObjectType(type) || above.has(type.name) || above.size >= DEEPEST) return undefined;
  const inside = new Set(above).add(type.name);
  for (const field of Object.values(type.getFields())) {
    const value = valueWith(field.type, target, leaf, inside);
    if (value !== undefined) return objectWith(type, { [field.name]: value });
  }
  return undefined;
}
