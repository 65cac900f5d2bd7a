import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of deployments by its file under tasks/ (`api` is functions/deployments/api.ts). */
export const deploymentFunctions = {
  api: control(29),
} as const satisfies Record<string, FunctionFacts>;
