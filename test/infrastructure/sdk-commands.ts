/** The document client's names of DynamoDB's operations. */
const operations: Record<string, string> = {
  Get: 'GetItem',
  BatchGet: 'BatchGetItem',
  BatchWrite: 'BatchWriteItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
};

/** The operation of an SDK command's class, without `Command`, as it is called on the wire. */
export const operationOf = (command: string): string => operations[command] ?? command;
