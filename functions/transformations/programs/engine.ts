import type { QuickJSWASMModule } from 'quickjs-emscripten-core';
import { Ended, withinTime } from './watchdog.ts';

/** The JavaScript engine of the process, in WebAssembly: what runs in it reaches nothing but its own memory. */
let current: { module: QuickJSWASMModule } | undefined;
let starting: Promise<void> | undefined;

/** Resolves when there is an engine. To load it takes longer than many chains need, so that it is loaded where one is. */
export function startEngine(): Promise<void> {
  if (current) return Promise.resolve();
  starting ??= load().finally(() => {
    starting = undefined;
  });
  return starting;
}

async function load(): Promise<void> {
  const [{ newQuickJSWASMModuleFromVariant }, { default: variant }] = await Promise.all([
    import('quickjs-emscripten-core'),
    import('@jitl/quickjs-singlefile-mjs-release-sync'),
  ]);
  current = { module: await newQuickJSWASMModuleFromVariant(variant) };
}

/** The engine; undefined while another one is being started after it was ended. */
export const engine = (): QuickJSWASMModule | undefined => current?.module;

/**
 * Does something with the engine.
 * @throws Ended after `limit` milliseconds; the engine was then in the midst of something, and another one is started.
 */
export function withEngine<T>(limit: number, work: () => T): T {
  try {
    return withinTime(limit, work);
  } catch (error) {
    if (error instanceof Ended) replaceEngine();
    throw error;
  }
}

/** What was in it is gone. */
export function replaceEngine(): void {
  current = undefined;
  // Who needs it before finds none, and says so.
  startEngine().catch(() => {});
}
