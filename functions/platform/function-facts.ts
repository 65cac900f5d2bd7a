/** Where a task runs: `data` in the connector beside the target database, `control` in the platform's own account. */
export type Plane = 'data' | 'control';

export interface FunctionFacts {
  plane: Plane;
  /** Lambda's own limit, s. Every state's TimeoutSeconds is larger, and the lease larger still. */
  timeoutSeconds: number;
  memoryMb: number;
}

/** A function in the platform's own account. `timeoutSeconds` is 1 to 900. */
export const control = (timeoutSeconds: number, memoryMb = 256): FunctionFacts => ({
  plane: 'control',
  timeoutSeconds,
  memoryMb,
});
