import { type GraphQLSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { z } from 'zod';

/** A field, value or argument of a schema, by names. */
export interface Element {
  type: string;
  field?: string | undefined;
  argument?: string | undefined;
}

/** What a deprecation says. */
export interface Announcement {
  reason: string;
  /** The day of removal, `2027-01-31`, if the reason names one. */
  removal: string | undefined;
}

/**
 * The day that a reason announces: `removal 2027-01-31`, `removed on 2027-01-31`, `sunset: 2027-01-31`. Undefined when it
 * names none, or one that no calendar has.
 */
export function removalDate(reason: string): string | undefined {
  const found = /\b(?:remov(?:al|e|ed)|sunset|delet(?:ion|e|ed))\b[^0-9]{0,24}(\d{4}-\d{2}-\d{2})\b/i.exec(
    reason,
  )?.[1];
  return z.iso.date().safeParse(found).data;
}

/** What the schema says of the deprecation of an element; undefined when it is not deprecated or not there. */
export function announcementOf(schema: GraphQLSchema, element: Element): Announcement | undefined {
  const reason = elementOf(schema, element)?.deprecationReason;
  return typeof reason === 'string' ? { reason, removal: removalDate(reason) } : undefined;
}

function elementOf(
  schema: GraphQLSchema,
  { type: name, field = '', argument }: Element,
): { deprecationReason?: string | null | undefined } | undefined {
  const type = schema.getType(name);
  if (isEnumType(type)) return type.getValue(field) ?? undefined;
  if (isInputObjectType(type)) return own(type.getFields(), field);
  if (!isObjectType(type) && !isInterfaceType(type)) return undefined;
  const found = own(type.getFields(), field);
  return argument === undefined ? found : found?.args.find((one) => one.name === argument);
}

const own = <T>(map: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;

/** Every deprecated element of a schema with what is announced of it, in the schema's order. */
export function announcedElements(schema: GraphQLSchema): (Element & Announcement)[] {
  const found: (Element & Announcement)[] = [];
  const add = (element: Element, reason: string | null | undefined) => {
    if (typeof reason === 'string') found.push({ ...element, reason, removal: removalDate(reason) });
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isEnumType(type)) {
      for (const value of type.getValues())
        add({ type: type.name, field: value.name }, value.deprecationReason);
    } else if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields()))
        add({ type: type.name, field: field.name }, field.deprecationReason);
    } else if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        add({ type: type.name, field: field.name }, field.deprecationReason);
        for (const argument of field.args)
          add({ type: type.name, field: field.name, argument: argument.name }, argument.deprecationReason);
      }
    }
  }
  return found;
}
