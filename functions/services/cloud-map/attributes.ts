import { isIP } from 'node:net';
import { Version } from '#compatibility/ranges.ts';
import { Url, Zone } from '../schemas.ts';

/** The attribute, and the tag, by which ours are known; its value is the name of the service. */
export const ownMark = 'THESEUS';

/** What an instance is in AWS Cloud Map: callers there find these attributes. */
export type Attributes = Record<string, string>;

export interface Exportable {
  id: string;
  service: string;
  version: string;
  url: string;
  zone: string | null;
  weight: number;
  labels: Readonly<Record<string, string>>;
}

/** Cloud Map takes visible ASCII. */
const isTakeable = (text: string): boolean => /^[ -~]{1,1000}$/.test(text) && text === text.trim();

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80');

export function attributesOf({ service, version, url, zone, weight, labels }: Exportable): Attributes {
  const parsed = new URL(url);
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(host);
  return {
    [ownMark]: service,
    VERSION: version,
    URL: url,
    WEIGHT: String(weight),
    AWS_INSTANCE_PORT: portOf(parsed),
    ...(family === 4 ? { AWS_INSTANCE_IPV4: host } : {}),
    ...(family === 6 ? { AWS_INSTANCE_IPV6: host } : {}),
    ...(zone === null ? {} : { AVAILABILITY_ZONE: zone }),
    ...Object.fromEntries(
      Object.entries(labels)
        .filter(([, value]) => isTakeable(value))
        .map(([name, value]) => [`LABEL_${name}`, value]),
    ),
  };
}

export const sameAttributes = (a: Attributes, b: Attributes): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, value]) => b[name] === value);

export interface Readable {
  version: string;
  url: string;
  zone: string | null;
  weight: number;
}

function urlOf(attributes: Attributes): string | undefined {
  const { URL: url, PROTOCOL: protocol = 'http', AWS_INSTANCE_PORT: port } = attributes;
  if (url !== undefined) return url;
  const { AWS_INSTANCE_IPV4: ipv4, AWS_INSTANCE_IPV6: ipv6, AWS_INSTANCE_CNAME: cname } = attributes;
  const host = ipv4 ?? (ipv6 === undefined ? cname : `[${ipv6}]`);
  return host === undefined ? undefined : `${protocol}://${host}${port === undefined ? '' : `:${port}`}`;
}

/** What others registered, as an instance of ours; text says why it cannot be one. */
export function readAttributes(attributes: Attributes, fallback: string | undefined): Readable | string {
  const version = Version.safeParse(attributes.VERSION ?? fallback);
  if (!version.success) {
    return attributes.VERSION === undefined
      ? 'It has no attribute VERSION, and no version was given for those'
      : `Expected a version such as 1.4.2 in VERSION, found ${attributes.VERSION}`;
  }
  const url = Url.safeParse(urlOf(attributes));
  if (!url.success) return 'Expected URL, or AWS_INSTANCE_IPV4 with AWS_INSTANCE_PORT, among its attributes';
  const weight = Number(attributes.WEIGHT);
  return {
    version: version.data,
    url: url.data,
    zone: Zone.safeParse(attributes.AVAILABILITY_ZONE).data ?? null,
    weight: Number.isInteger(weight) && weight >= 0 && weight <= 1_000 ? weight : 100,
  };
}
