/**
 * Transformations that are deployed with the functions, by the path a file names them with: an entry
 * `'transforms/chunks.ts': () => import('…')` makes esbuild put the module into the functions that load rows.
 */
export const bundledModules: Record<string, () => Promise<unknown>> = {};
