import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of configuration by its file under tasks/ (`api` is functions/configuration/api.ts). */
export const configurationFunctions = {
  // Thousands of values are held against their schemas in one request.
  api: control(29, 1_024),
} as const satisfies Record<string, FunctionFacts>;
