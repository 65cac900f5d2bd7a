import { droppedNames } from '../alterations.ts';
import type { Rule } from '../rule.ts';

export const banDropSchema: Rule = {
  id: 'ban-drop-schema',
  severity: 'error',
  title: 'A schema is dropped',
  lock: 'ACCESS EXCLUSIVE',
  why: 'With CASCADE, every table in it is locked and gone at once.',
  advice: 'Drop what is in it one by one, when nobody uses it any more; drop the schema when it is empty.',
  check(statement) {
    return droppedNames(statement, 'OBJECT_SCHEMA').map(({ name }) => ({
      message: `The schema "${name}" is gone${statement.body.behavior === 'DROP_CASCADE' ? ' with every table in it' : ''}.`,
    }));
  },
};
