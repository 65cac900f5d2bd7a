import { type HeaderFields, headerText } from '../serving/headers.ts';
import type { DeprecatedElement, Deprecation } from './schemas.ts';

// RFC 9745 (Deprecation), RFC 8594 (Sunset) and the relations of their links.

/** What answers say: epoch ms, and links as they stand in `Link`. */
export interface Lifecycle {
  deprecated: number | undefined;
  sunset: number | undefined;
  links: readonly string[];
}

const link = (address: string, relation: string): string => `<${address}>; rel="${relation}"`;

/** What a version says of itself. `successorAddress` is where its successor answers the same request. */
export function versionLifecycle(
  deprecation: Deprecation | undefined,
  successorAddress: string | undefined,
): Lifecycle | undefined {
  if (deprecation === undefined) return undefined;
  const about = deprecation.link ?? deprecation.guide;
  const guide = deprecation.guide ?? deprecation.link;
  return {
    deprecated: Date.parse(deprecation.at),
    sunset: deprecation.sunset === undefined ? undefined : Date.parse(deprecation.sunset),
    links: [
      ...(about === undefined ? [] : [link(about, 'deprecation')]),
      ...(guide === undefined || deprecation.sunset === undefined ? [] : [link(guide, 'sunset')]),
      ...(successorAddress === undefined ? [] : [link(successorAddress, 'successor-version')]),
    ],
  };
}

/** What an endpoint or a field says that a request used. */
export const elementLifecycle = ({ at, sunset, link: about }: DeprecatedElement): Lifecycle => ({
  deprecated: Date.parse(at),
  sunset: sunset === undefined ? undefined : Date.parse(sunset),
  links: [
    ...(about === undefined ? [] : [link(about, 'deprecation')]),
    ...(about === undefined || sunset === undefined ? [] : [link(about, 'sunset')]),
  ],
});

/**
 * When something became deprecated, epoch ms, from any of the three forms that servers use: `@1688169599` (RFC 9745), a
 * date, and `true`, which is taken for the beginning of today. Undefined for anything else.
 */
export function deprecatedSince(text: string, now: number): number | undefined {
  const said = text.trim();
  const unix = /^@(-?\d{1,12})$/.exec(said);
  if (unix !== null) return Number(unix[1]) * 1_000;
  if (/^(true|\?1)$/i.test(said)) return Math.floor(now / 86_400_000) * 86_400_000;
  return dateOf(said);
}

/** Date.parse alone takes almost anything for a date. */
function dateOf(text: string): number | undefined {
  const looksLikeDate =
    /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$|^\d{4}-\d{2}-\d{2}/;
  const time = looksLikeDate.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

const earliest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

/**
 * The fields of an answer with what its version and elements say, and what the service said itself: the earliest of each
 * counts, Deprecation has the form of RFC 9745 only, and nothing goes before it was deprecated.
 */
export function withLifecycle(
  headers: HeaderFields,
  lifecycles: readonly Lifecycle[],
  now: number,
): HeaderFields {
  const own = headerText(headers, 'deprecation');
  const ownSunset = headerText(headers, 'sunset');
  if (own === undefined && ownSunset === undefined && lifecycles.length === 0) return headers;
  const fields = { ...headers };
  delete fields.deprecation;
  delete fields.sunset;
  const said = [own === undefined ? undefined : deprecatedSince(own, now)];
  const deprecated = earliest([...said, ...lifecycles.map((one) => one.deprecated)]);
  const gone = [ownSunset === undefined ? undefined : dateOf(ownSunset.trim())];
  const sunset = earliest([...gone, ...lifecycles.map((one) => one.sunset)]);
  if (deprecated !== undefined) fields.deprecation = `@${Math.floor(deprecated / 1_000)}`;
  if (sunset !== undefined) fields.sunset = new Date(Math.max(sunset, deprecated ?? sunset)).toUTCString();
  const links = [headerText(headers, 'link'), ...new Set(lifecycles.flatMap((one) => one.links))].filter(
    (one) => one !== undefined,
  );
  if (links.length > 0) fields.link = links.join(', ');
  return fields;
}
