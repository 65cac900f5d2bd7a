import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { SolutionsChecks } from './checks.ts';
import { environments } from './environments.ts';
import { environmentStage } from './stage.ts';

/** All environments as one application, with its checks attached: a finding fails the synthesis. */
export function application(props: AppProps = {}): App {
  const app = new App(props);
  for (const environment of environments(app.node.tryGetContext('theseus'))) {
    environmentStage(app, environment);
  }
  Validations.of(app).addPlugins(new SolutionsChecks(app, { verbose: true }));
  return app;
}
