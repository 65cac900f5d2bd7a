import type {
  QuickJSContext,
  QuickJSHandle,
  QuickJSRuntime,
  QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { InvalidInput } from '#platform/errors.ts';
import { Misfit } from '../misfit.ts';
import { engine, replaceEngine, withEngine } from './engine.ts';

/** Of one module. The engine looks at the clock between steps; the watchdog ends also a single step that takes long. */
const MEMORY_BYTES = 16 * 1_024 * 1_024;
const STACK_BYTES = 256 * 1_024;
const MOST_MS = 50;
/**
 * The engine looks once in 10,000 turns of loops and calls. Before so many looks nothing is ended: on a machine that does
 * something else, a small program may have used 50 ms without having run.
 */
const LEAST_LOOKS = 20;
const LAST_MS = 1_000;
/** Of a document as JSON, in and out. */
const MOST_CHARACTERS = 4_000_000;

/**
 * Runs before the module, and keeps what the module may replace. The same document gives the same document: there is no
 * chance and no time of day. What went wrong comes back as a text, so that nothing thrown is looked into from outside.
 */
const PRELUDE = `(() => {
  const { parse, stringify } = JSON;
  const text = String;
  delete Math.random;
  const Moment = Date;
  const timeless = () => { throw new TypeError('the time of day is not available: the same document always gives the same document'); };
  globalThis.Date = function Date(...given) {
    return given.length === 0 || !new.target ? timeless() : Reflect.construct(Moment, given, new.target);
  };
  Date.prototype = Moment.prototype;
  Date.prototype.constructor = Date;
  Date.parse = Moment.parse;
  Date.UTC = Moment.UTC;
  Date.now = timeless;
  return (module) => {
    if (module && typeof module.then === 'function') return 'it waits outside of its functions';
    const { request, response, error } = module;
    const functions = { __proto__: null, request, response, error };
    globalThis.names = Object.keys(functions).filter((name) => typeof functions[name] === 'function').join();
    globalThis.run = (name, document) => {
      try {
        const after = functions[name](parse(document));
        if (typeof after !== 'object' || after === null) throw new TypeError(name + ' has to return the document');
        if (typeof after.then === 'function') throw new TypeError(name + ' may not be async');
        return 'V' + stringify(after);
      } catch (failure) {
        return 'E' + text(failure && failure.message !== undefined ? failure.message : failure).slice(0, 500);
      }
    };
    return '';
  };
})()`;

interface Loaded {
  module: QuickJSWASMModule;
  runtime: QuickJSRuntime;
  context: QuickJSContext;
  run: QuickJSHandle;
  names: string[];
}

/** A module of somebody else's, in a memory of its own, kept between documents and made anew after a failure. */
export class Sandbox {
  readonly #source: string;
  readonly #now: () => number;
  #deadline = 0;
  #looks = 0;
  #interrupted = false;
  #loaded: Loaded | undefined;

  /** @param source JavaScript. @throws InvalidInput when it cannot be loaded. */
  constructor(source: string, now: () => number) {
    this.#source = source;
    this.#now = now;
    try {
      this.#loaded = this.#load();
    } catch (error) {
      const detail = `The module cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
      throw new InvalidInput(detail, {
        problems: [{ pointer: '/source', detail }],
        action: 'Correct the module. It can import nothing, and its types are taken away before it is run.',
      });
    }
  }

  /** Which of request, response and error it exports. */
  get names(): readonly string[] {
    return this.#loaded?.names ?? [];
  }

  /** Gives a document, as JSON, to an exported function. @throws Misfit */
  call(name: string, document: string): string {
    if (document.length > MOST_CHARACTERS)
      throw new Misfit(
        `expected at most ${MOST_CHARACTERS} characters for a program, found ${document.length}`,
      );
    try {
      const loaded = this.#current();
      return this.#within(() => this.#called(loaded, name, document));
    } catch (error) {
      this.dispose();
      throw error instanceof Misfit
        ? error
        : new Misfit(`the module ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  dispose(): void {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    // What was in an engine that is gone went with it.
    if (!loaded || loaded.module !== engine()) return;
    loaded.run.dispose();
    freed(loaded.context, loaded.runtime);
  }

  #current(): Loaded {
    if (this.#loaded && this.#loaded.module !== engine()) this.#loaded = undefined;
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  #within<T>(work: () => T): T {
    this.#deadline = this.#now() + MOST_MS;
    this.#looks = 0;
    this.#interrupted = false;
    return withEngine(LAST_MS, work);
  }

  #load(): Loaded {
    const module = engine();
    if (!module) throw new Error('cannot be run for a moment: its engine is being started again');
    const runtime = module.newRuntime({ memoryLimitBytes: MEMORY_BYTES, maxStackSizeBytes: STACK_BYTES });
    runtime.setInterruptHandler(() => {
      this.#interrupted = ++this.#looks >= LEAST_LOOKS && this.#now() > this.#deadline;
      return this.#interrupted;
    });
    const context = runtime.newContext();
    try {
      return this.#within(() => {
        const names = this.#install(context);
        return { module, runtime, context, names, run: context.getProp(context.global, 'run') };
      });
    } catch (error) {
      if (module === engine()) freed(context, runtime);
      throw error;
    }
  }

  /** Loads the module and answers with the names of what it exports. */
  #install(context: QuickJSContext): string[] {
    const handles: QuickJSHandle[] = [];
    const held = (result: ReturnType<QuickJSContext['evalCode']>) => {
      const handle = this.#value(context, result);
      handles.push(handle);
      return handle;
    };
    try {
      const install = held(context.evalCode(PRELUDE, 'prelude.js'));
      const exported = held(context.evalCode(this.#source, 'module.js', { type: 'module' }));
      const refused = context.getString(held(context.callFunction(install, context.undefined, exported)));
      if (refused !== '') throw new Error(refused);
      return context
        .getProp(context.global, 'names')
        .consume((handle) => context.getString(handle))
        .split(',');
    } finally {
      for (const handle of handles) handle.dispose();
    }
  }

  #called({ context, run }: Loaded, name: string, document: string): string {
    const [first, second] = [context.newString(name), context.newString(document)];
    const result = context.callFunction(run, context.undefined, first, second);
    first.dispose();
    second.dispose();
    const answer = this.#value(context, result).consume((handle) => context.getString(handle));
    if (answer.startsWith('E')) throw new Misfit(`the module failed: ${answer.slice(1)}`);
    if (answer.length > MOST_CHARACTERS)
      throw new Misfit(`expected at most ${MOST_CHARACTERS} characters of a program, found ${answer.length}`);
    return answer.slice(1);
  }

  #value(context: QuickJSContext, result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
    if (!result.error) return result.value;
    const message = result.error.consume((handle) => dumped(context, handle));
    throw new Error(this.#interrupted ? `took longer than ${MOST_MS} ms` : message);
  }
}

/** Gives the memory back; an engine that cannot is not to be used again. */
function freed(context: QuickJSContext, runtime: QuickJSRuntime): void {
  try {
    context.dispose();
    runtime.dispose();
  } catch {
    replaceEngine();
  }
}

function dumped(context: QuickJSContext, handle: QuickJSHandle): string {
  const found: unknown = context.dump(handle);
  const message = typeof found === 'object' && found !== null && 'message' in found ? found.message : found;
  return `failed: ${String(message).slice(0, 500)}`;
}
