/** The path of an API, or of something below it, in the HTTP API. */
export const apiPath = (api: string, ...below: string[]): string =>
  ['', 'apis', api, ...below].map(encodeURIComponent).join('/');
