import type { AliasConfiguration, UpdateAliasCommandInput } from '@aws-sdk/client-lambda';

/** What an alias says of its traffic. */
export interface AliasRoute {
  /** The version that takes what no other takes. */
  main: string;
  /** The one further version that Lambda allows, and its share, more than 0 and at most 1. */
  second: { version: string; share: number } | null;
}

/** The route of an alias as GetAlias shows it. A further version without a share is none. */
export function routeOf({ FunctionVersion = '', RoutingConfig }: AliasConfiguration): AliasRoute {
  const second = Object.entries(RoutingConfig?.AdditionalVersionWeights ?? {}).find(([, share]) => share > 0);
  return {
    main: FunctionVersion,
    second: second === undefined ? null : { version: second[0], share: second[1] },
  };
}

/** `percent` (0 to 100) of all calls to green, the rest to blue. */
export function splitRoute(blue: string, green: string, percent: number): AliasRoute {
  if (percent === 100) return { main: green, second: null };
  return { main: blue, second: percent === 0 ? null : { version: green, share: percent / 100 } };
}

/** How many calls in a hundred go to a version. */
export function percentOf(route: AliasRoute, version: string): number {
  const second = Math.round((route.second?.share ?? 0) * 100);
  if (route.main === version) return 100 - second;
  return route.second?.version === version ? second : 0;
}

/** The same route with blue wherever green was; what others put there stays. */
export function withoutGreen({ main, second }: AliasRoute, blue: string, green: string): AliasRoute {
  const backTo = (version: string) => (version === green ? blue : version);
  const rest = second === null ? null : { version: backTo(second.version), share: second.share };
  return { main: backTo(main), second: rest?.version === backTo(main) ? null : rest };
}

export const versionsIn = ({ main, second }: AliasRoute): string[] =>
  second === null ? [main] : [main, second.version];

export const sameRoute = (one: AliasRoute, other: AliasRoute): boolean =>
  one.main === other.main &&
  one.second?.version === other.second?.version &&
  one.second?.share === other.second?.share;

/** In words: `version 1`, `version 1 and 10 % to version 2`. */
export const routeInWords = ({ main, second }: AliasRoute): string =>
  `version ${main}${second === null ? '' : ` and ${Number((second.share * 100).toFixed(2))} % to version ${second.version}`}`;

/** What UpdateAlias takes of a route. Weights stay as they are unless they are given, so they always are. */
export const routeInput = ({
  main,
  second,
}: AliasRoute): Pick<UpdateAliasCommandInput, 'FunctionVersion' | 'RoutingConfig'> => ({
  FunctionVersion: main,
  RoutingConfig: { AdditionalVersionWeights: second === null ? {} : { [second.version]: second.share } },
});

/** Who holds an alias: a deployment, and the order of its last shift. */
export interface Holder {
  deployment: string;
  order: number;
}

const mark = / ?\[theseus ([\w-]{1,100}) (\d{1,9})\]/;
const longestDescription = 256;

/** The deployment that an alias's description names, if any. */
export function holderOf(description: string | undefined): Holder | null {
  const found = mark.exec(description ?? '');
  return found?.[1] === undefined ? null : { deployment: found[1], order: Number(found[2]) };
}

/** The description with another holder, or none; what else it says is kept, cut where Lambda has no room for it. */
export function heldDescription(description: string | undefined, holder: Holder | null): string {
  const own = (description ?? '').replace(mark, '');
  if (holder === null) return own;
  const sign = `[theseus ${holder.deployment} ${holder.order}]`;
  return `${own.slice(0, longestDescription - sign.length - 1)} ${sign}`.trimStart();
}
