import { droppedNames } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { shown } from '../state.ts';

const kinds: Record<string, string> = {
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialised view',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'domain',
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'procedure',
  OBJECT_EXTENSION: 'extension',
};

export const banDropObject: Rule = {
  id: 'ban-drop-object',
  aliases: [
    'ban-drop-view',
    'ban-drop-sequence',
    'ban-drop-type',
    'ban-drop-domain',
    'ban-drop-function',
    'ban-drop-extension',
  ],
  severity: 'warning',
  title: 'A view, type, function, sequence or extension is dropped',
  lock: null,
  why: 'Clients that still use it fail at once; unlike a table it can be made again, if its definition is kept.',
  advice: 'First deploy clients that do not use it; keep its definition for the way back.',
  check(statement) {
    const word = kinds[String(statement.body.removeType)];
    if (statement.kind !== 'DropStmt' || word === undefined) return [];
    const names = droppedNames(statement, String(statement.body.removeType)).map(shown);
    return [{ message: `Clients that use the ${word} ${names.join(', ')} fail at once.`.replace('  ', ' ') }];
  },
};
