import { control, type FunctionFacts } from '#platform/function-facts.ts';

/** Every function of deployments by its file under tasks/ (`api` is functions/deployments/api.ts). */
export const deploymentFunctions = {
  'take-slot': control(30),
  'await-decision': control(30),
  'check-compatibility': control(60),
  'create-green': control(300),
  'check-health': control(720),
  'run-gates': control(600),
  shift: control(60),
  analyse: control(60, 512),
  'clean-up-blue': control(300),
  'complete-deployment': control(30),
  'record-failure': control(30),
  'shift-back': control(60),
  'clean-up-green': control(300),
  'end-deployment': control(30),
  'give-up': control(30),
  reconcile: control(300),
  'publish-events': control(120),
  api: control(29),
} as const satisfies Record<string, FunctionFacts>;
