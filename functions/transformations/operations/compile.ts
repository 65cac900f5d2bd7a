import { InvalidInput } from '#platform/errors.ts';
import { at, type Edit } from '../edits.ts';
import { Misfit } from '../misfit.ts';
import { stepsOf } from '../pointers.ts';
import type { Operation, OperationOf, RequestDocument, ResponseDocument } from '../schemas.ts';
import { add, fill, join, move, remove, rename, split } from './fields.ts';
import { convert, map, unwrap, wrap } from './values.ts';

/** An operation ready to run. Of programs some ways may be missing: nobody wrote them. */
export type CompiledOperation =
  | { part: 'body' | 'query' | 'headers' | 'status'; up: Edit | undefined; down: Edit | undefined }
  | { part: 'document'; up: DocumentEdit | undefined; down: DocumentEdit | undefined };

export type TransformedDocument = RequestDocument | ResponseDocument;
export type DocumentEdit = (document: TransformedDocument) => TransformedDocument;

/** The list of a change in which an operation stands. */
export type List = 'request' | 'response' | 'errors';

/** What runs the operations that are programs. */
export interface Programs {
  /**
   * What becomes of values, a Misfit where the expression fails; it may then answer with fewer.
   * @throws InvalidInput when the expression does not parse.
   */
  jsonata(source: string): (inputs: readonly unknown[]) => unknown[];
  /** The functions that a module exports. @throws InvalidInput when it cannot be loaded. */
  typescript(source: string): Record<'request' | 'response' | 'error', DocumentEdit | undefined>;
}

/** Compiles an operation of a list of a change. @throws InvalidInput for a program that cannot be compiled. */
export function compileOperation(operation: Operation, list: List, programs: Programs): CompiledOperation {
  if (operation.op === 'typescript') return moduleOf(operation, list, programs);
  if (operation.op === 'jsonata') return expressions(operation, programs);
  if (operation.op === 'status') return { part: 'status', ...statusWays(operation) };
  const ways = waysOf(operation);
  return { part: 'in' in operation ? operation.in : 'body', up: ways.up, down: ways.down };
}

function waysOf(operation: Exclude<Operation, OperationOf<'typescript' | 'jsonata' | 'status'>>) {
  switch (operation.op) {
    case 'rename':
      return rename(operation);
    case 'move':
      return move(operation);
    case 'add':
      return add(operation);
    case 'remove':
      return remove(operation);
    case 'map':
      return map(operation);
    case 'wrap':
      return wrap(operation);
    case 'unwrap':
      return unwrap(operation);
    case 'split':
      return split(operation);
    case 'join':
      return join(operation);
    case 'convert':
      return convert(operation);
    case 'fill':
      return fill(operation);
  }
}

const statusWays = ({ from, to }: OperationOf<'status'>): { up: Edit; down: Edit } => ({
  up: (status) => (status === from ? to : status),
  down: (status) => (status === to ? from : status),
});

function expressions(
  { at: pointer, up, down }: OperationOf<'jsonata'>,
  programs: Programs,
): CompiledOperation {
  const steps = stepsOf(pointer);
  const compiled = (source: string | undefined): Edit | undefined => {
    if (source === undefined) return undefined;
    const evaluate = programs.jsonata(source);
    // All values of a place together: to watch over one evaluation costs as much as many evaluations.
    return (body) => {
      const inputs: unknown[] = [];
      at(steps, (value) => {
        if (value !== undefined) inputs.push(value);
        return value;
      })(body);
      if (inputs.length === 0) return body;
      const results = evaluate(inputs);
      let next = 0;
      return at(steps, (value) => (value === undefined ? undefined : given(results[next++], pointer)))(body);
    };
  };
  return { part: 'body', up: compiled(up), down: compiled(down) };
}

/** @throws Misfit */
function given(result: unknown, pointer: string): unknown {
  if (result instanceof Misfit) throw result;
  if (result === undefined && pointer === '') throw new Misfit('the expression gives no document');
  return result;
}

function moduleOf({ source }: OperationOf<'typescript'>, list: List, programs: Programs): CompiledOperation {
  const name = list === 'errors' ? 'error' : list;
  const edit = programs.typescript(source)[name];
  if (!edit) {
    const detail = `The module has no function ${name}`;
    const action = `Write: export function ${name}(document) { … return document; }`;
    throw new InvalidInput(detail, { problems: [{ pointer: '/source', detail }], action });
  }
  return list === 'request'
    ? { part: 'document', up: edit, down: undefined }
    : { part: 'document', up: undefined, down: edit };
}
