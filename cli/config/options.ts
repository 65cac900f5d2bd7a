import { Option } from 'commander';

/** Which key or layer a verb is about. */
export interface LayerOptions {
  namespace: string;
  service?: string;
  environment?: string;
  tenant?: string;
}

export const namespaceOption = (): Option =>
  new Option('--namespace <namespace>', 'namespace of the key').makeOptionMandatory();

export const collect = (value: string, former: string[]): string[] => [...former, value];

/** A path of the API below /configuration. */
export const pathOf = (...parts: string[]): string =>
  ['', 'configuration', ...parts.map(encodeURIComponent)].join('/');
