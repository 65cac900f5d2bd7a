import { type Command, Option } from 'commander';

/** Which key or layer a verb is about. */
export interface LayerOptions {
  namespace: string;
  service?: string;
  environment?: string;
  tenant?: string;
}

export const namespaceOption = (): Option =>
  new Option('--namespace <namespace>', 'namespace of the key').makeOptionMandatory();

/** --namespace, and the names of a layer or a reader. */
export const withLayer = (command: Command): Command =>
  command
    .addOption(namespaceOption())
    .option('--service <service>', 'of this service')
    .option('--environment <environment>', 'in this environment')
    .option('--tenant <tenant>', 'of this tenant');

/** What of a layer is said, for a query. */
export const layerOf = ({ service, environment, tenant }: LayerOptions) => ({ service, environment, tenant });

export const collect = (value: string, former: string[]): string[] => [...former, value];

/** A path of the API below /configuration. */
export const pathOf = (...parts: string[]): string =>
  ['', 'configuration', ...parts.map(encodeURIComponent)].join('/');
