/** `/flags/environments/production/flags/checkout`, each part encoded. */
export const flagPath = (environment: string, ...rest: string[]): string =>
  ['/flags/environments', ...[environment, ...rest].map(encodeURIComponent)].join('/');
