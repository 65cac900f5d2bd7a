import { type HeaderFields, headerText } from '../serving/headers.ts';

/** Requests that do not say whose they are. */
export const anonymous = 'anonymous';

const sensible = /^[\x21-\x7e]{1,128}$/;

/** Whose request it is: as an authorizer in front of the gateway says, else as the header does. */
export function consumerOf(authorized: string | undefined, headers: HeaderFields, header: string): string {
  const said = authorized ?? headerText(headers, header)?.trim();
  return said !== undefined && sensible.test(said) ? said : anonymous;
}
