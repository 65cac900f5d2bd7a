import { child, items, parseSql, printSql, stringOf } from '../sql/tree.ts';

/**
 * CREATE INDEX read back by the parser: operator classes and storage parameters are free text, and may be nothing
 * else. Throws what `refusal` gives when the text holds more than the keys and included columns it should.
 */
export async function parsedIndex(
  sql: string,
  expected: { keys: number; included: number; predicate?: boolean },
  refusal: () => Error,
): Promise<string> {
  try {
    const [only, second] = await parseSql(sql);
    const index = child(only?.statement, 'IndexStmt');
    const keys = items(index, 'indexParams').map((element) => child(element, 'IndexElem'));
    const sameShape =
      second === undefined &&
      index !== undefined &&
      keys.length === expected.keys &&
      keys.every((key) => typeof key?.name === 'string') &&
      (index.whereClause !== undefined) === (expected.predicate === true) &&
      items(index, 'indexIncludingParams').length === expected.included &&
      items(index, 'options').every((option) => stringOf(option) === null);
    if (only === undefined || !sameShape) throw refusal();
    return printSql(only.statement);
  } catch {
    throw refusal();
  }
}
