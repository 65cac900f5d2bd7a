import { type Context, constants, createContext, Script } from 'node:vm';

/** What is set before the script runs and read after it. */
interface Desk extends Context {
  work?: (() => void) | undefined;
}

const desk: Desk = createContext(constants.DONT_CONTEXTIFY);
const script = new Script('work()');

/** Work was ended from outside, wherever it was: what it worked on is not to be used again. */
export class Ended extends Error {}

/**
 * Runs work that may not end by itself, also where no JavaScript is run that could look at a clock, such as within a
 * regular expression or in WebAssembly. It isolates nothing.
 * @throws Ended after `limit` milliseconds.
 */
export function withinTime<T>(limit: number, work: () => T): T {
  let result: { value: T } | undefined;
  desk.work = () => {
    result = { value: work() };
  };
  try {
    script.runInContext(desk, { timeout: limit });
  } catch (error) {
    throw timedOut(error) ? new Ended(`took longer than ${limit} ms`) : error;
  } finally {
    desk.work = undefined;
  }
  if (!result) throw new Error('The work gave no result');
  return result.value;
}

/** Whether an error of node:vm says that the time was up. It may come from another world, where Error is another one. */
export const timedOut = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
