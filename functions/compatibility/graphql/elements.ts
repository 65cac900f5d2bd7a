import {
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** A field of a type, of an input, or a value of an enum. */
export interface UsedElement {
  type: string;
  field: string;
}

/** The field that every type has: by it a type is known to be used, whatever else is asked of it. */
const TYPENAME = '__typename';

/**
 * Every element of the schema that a valid operation asks for or gives, each once. A field of an interface is one of all
 * types that implement it; a variable may bring all that its type allows.
 */
export function elementsOf(document: DocumentNode, schema: GraphQLSchema): UsedElement[] {
  const found = new Map<string, UsedElement>();
  const add = (type: string, field: string) => found.set(JSON.stringify([type, field]), { type, field });
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: ({ name }) => {
        const parent = types.getParentType();
        if (!parent) return;
        for (const type of [parent, ...implementations(parent, schema)]) add(type.name, name.value);
        const answer = types.getType();
        if (answer && isAbstractType(getNamedType(answer))) add(getNamedType(answer).name, TYPENAME);
      },
      InlineFragment: ({ typeCondition }) => {
        if (typeCondition) add(typeCondition.name.value, TYPENAME);
      },
      FragmentDefinition: ({ typeCondition }) => {
        add(typeCondition.name.value, TYPENAME);
      },
      ObjectField: ({ name }) => {
        const input = types.getParentInputType();
        if (input) add(getNamedType(input).name, name.value);
      },
      ObjectValue: () => {
        const input = types.getInputType();
        if (input) add(getNamedType(input).name, TYPENAME);
      },
      EnumValue: ({ value }) => {
        const input = types.getInputType();
        if (input) add(getNamedType(input).name, value);
      },
      VariableDefinition: ({ type }) => {
        const declared = typeFromAST(schema, type);
        if (declared) wholeInput(getNamedType(declared), add);
      },
    }),
  );
  return [...found.values()];
}

const implementations = (type: GraphQLNamedType, schema: GraphQLSchema): readonly GraphQLNamedType[] => {
  if (!isInterfaceType(type)) return [];
  const { objects, interfaces } = schema.getImplementations(type);
  return [...objects, ...interfaces];
};

/** All that a value of the type may have in it. */
function wholeInput(type: GraphQLNamedType, add: (type: string, field: string) => void): void {
  const known = new Set<string>();
  const left = [type];
  for (let one = left.pop(); one; one = left.pop()) {
    if (known.has(one.name)) continue;
    known.add(one.name);
    add(one.name, TYPENAME);
    if (isEnumType(one)) for (const { name } of one.getValues()) add(one.name, name);
    if (!isInputObjectType(one)) continue;
    for (const field of Object.values(one.getFields())) {
      add(one.name, field.name);
      left.push(getNamedType(field.type));
    }
  }
}
