import type { Draft, Rule } from '../rule.ts';

const words: Record<string, string> = {
  OBJECT_SCHEMA: 'schema',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'domain',
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'procedure',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_ROLE: 'role',
  OBJECT_DATABASE: 'database',
};

export const renamingObject: Rule = {
  id: 'renaming-object',
  aliases: ['ban-set-schema'],
  severity: 'error',
  title: 'A schema, type, enum value, function or sequence gets another name or schema',
  lock: null,
  why: 'Clients name it in their statements: the old name fails from this moment on, the new one before it.',
  advice: 'Add the new one beside it, move every client over, then drop the old one.',
  check({ kind, body }): Draft[] {
    if (kind === 'AlterEnumStmt' && typeof body.oldVal === 'string')
      return [
        {
          message: `Clients that write or compare with the enum value '${body.oldVal}' fail once it has another name.`,
        },
      ];
    if (kind === 'AlterObjectSchemaStmt')
      return [
        {
          lock: 'ACCESS EXCLUSIVE',
          message: 'Clients that find it by its old schema fail once it has moved.',
        },
      ];
    const word = kind === 'RenameStmt' ? words[String(body.renameType)] : undefined;
    if (word === undefined) return [];
    const name = typeof body.subname === 'string' ? ` "${body.subname}"` : '';
    return [{ message: `Clients that use the ${word}${name} fail once it has another name.` }];
  },
};
