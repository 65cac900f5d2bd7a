import { AppConfigClient } from '@aws-sdk/client-appconfig';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { limits, onceForTargets } from './clients.ts';

// Apart, since only flags and configuration are deployed and read through them.

/** AWS AppConfig: what is deployed where. A function that validates may take 15 s of a StartDeployment. */
export const appConfig = /* @__PURE__ */ onceForTargets(
  'AppConfig',
  () =>
    new AppConfigClient({ ...limits, requestHandler: { ...limits.requestHandler, requestTimeout: 20_000 } }),
);
/** Its data plane: sessions that ask for what is deployed. */
export const appConfigData = /* @__PURE__ */ onceForTargets(
  'AppConfigData',
  () => new AppConfigDataClient(limits),
);
