import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of services by its file under tasks/ (`api` is functions/services/api.ts). */
export const serviceFunctions = {
  api: control(29),
} as const satisfies Record<string, FunctionFacts>;
