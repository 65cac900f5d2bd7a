import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of gateway by its file under tasks/ (`api`, `serve` and `authorize` are beside this file). */
export const gatewayFunctions = {
  api: control(29),
  /** The data plane: responses are streamed for as long as a Lambda may run. */
  serve: control(900, 1_024),
  authorize: control(5),
  'shift-traffic': control(20),
  'describe-route': control(10),
  'read-traffic': control(20),
  'put-api': control(20, 512),
  'read-api-usage': control(50, 1_024),
} as const satisfies Record<string, FunctionFacts>;
