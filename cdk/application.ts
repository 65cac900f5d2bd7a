import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { SolutionsChecks } from './checks.ts';
import { environments, type StageName, stageNames } from './environments.ts';
import { environmentStage } from './stage.ts';

/** All environments, or those named, as one application with its checks attached: a finding fails the synthesis. */
export function application(props: AppProps = {}, only: readonly StageName[] = stageNames): App {
  const app = new App(props);
  for (const environment of environments(app.node.tryGetContext('theseus'))) {
    if (only.includes(environment.name)) environmentStage(app, environment);
  }
  Validations.of(app).addPlugins(new SolutionsChecks(app, { verbose: true }));
  return app;
}
