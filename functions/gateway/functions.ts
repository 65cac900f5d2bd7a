import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of gateway by its file under tasks/ (`api` is functions/gateway/api.ts). */
export const gatewayFunctions = {
  api: control(29),
} as const satisfies Record<string, FunctionFacts>;
