import { isFields } from '../edits.ts';
import { Misfit } from '../misfit.ts';
import type { DocumentEdit, Programs, TransformedDocument } from '../operations/compile.ts';
import type { Operation, VersionChange } from '../schemas.ts';
import { startEngine } from './engine.ts';
import { jsonataEdits } from './jsonata.ts';
import { Sandbox } from './sandbox.ts';

/** What runs the programs among the operations of some changes; the engine is started only where there are modules. */
export async function programsFor(
  changes: readonly VersionChange[],
  now: () => number,
): Promise<Programs & { dispose(): void }> {
  if (changes.some((change) => operationsOf(change).some(({ op }) => op === 'typescript')))
    await startEngine();
  const sandboxes = new Map<string, Sandbox>();
  const sandboxOf = (source: string) => {
    const known = sandboxes.get(source) ?? new Sandbox(source, now);
    sandboxes.set(source, known);
    return known;
  };
  return {
    jsonata: jsonataEdits,
    typescript: (source) => {
      const sandbox = sandboxOf(source);
      const { names } = sandbox;
      const edit = (name: string): DocumentEdit | undefined =>
        names.includes(name) ? (document) => transformed(sandbox, name, document) : undefined;
      return { request: edit('request'), response: edit('response'), error: edit('error') };
    },
    dispose: () => {
      for (const sandbox of sandboxes.values()) sandbox.dispose();
      sandboxes.clear();
    },
  };
}

/** All operations of a change. */
export const operationsOf = ({ request = [], response = [], errors = [] }: VersionChange): Operation[] => [
  ...request,
  ...response,
  ...errors,
];

function transformed(sandbox: Sandbox, name: string, document: TransformedDocument): TransformedDocument {
  let text: string;
  try {
    text = JSON.stringify(document);
  } catch {
    throw new Misfit('the document is too deep for a program');
  }
  const after: unknown = JSON.parse(sandbox.call(name, text));
  if (!isFields(after)) throw new Misfit(`${name} has to return the document`);
  // A module may leave out what it does not change, except for the body: to return none is to take it away.
  const { headers = document.headers, body } = after;
  if (!isFields(headers)) throw new Misfit('expected an object of headers').inside('headers');
  if ('status' in document) {
    const { status = document.status } = after;
    if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599)
      throw new Misfit('expected a status from 100 to 599').inside('status');
    return { status, headers, body };
  }
  const { query = document.query } = after;
  if (!isFields(query)) throw new Misfit('expected an object of parameters').inside('query');
  return { query, headers, body };
}
