import type { Change, Place } from '../changes.ts';
import { canonical, isObject } from '../json-schema/document.ts';
import { type Context, keysOf, type Pair } from './context.ts';
import type { OpenApi, Security } from './model.ts';
import { changeBy, type OpenApiRule } from './rules/rules.ts';

type Way = Security[number];
type Scope = 'api-security' | 'api-global-security';

/** What changed in the credentials that an endpoint asks for; where both say nothing themselves it is told of the API. */
export function endpointSecurity({ context, was, now, place }: Pair): Change[] {
  if (!was.ownSecurity && !now.ownSecurity) return [];
  const found = compared(context, was.security, now.security, 'api-security');
  return found.map(({ rule, message }) => {
    const breaks = rule.endsWith('required') || rule.endsWith('removed') || rule.endsWith('scope-added');
    const example = breaks ? context.requests.refused(was, message) : undefined;
    return changeBy(rule, { place, pointer: now.pointer, message: `${place.endpoint}: ${message}`, example });
  });
}

/** What changed in the credentials that the API asks for, and in the schemes themselves. */
export function apiSecurity(context: Context): Change[] {
  const { old, next } = context;
  const place: Place = { kind: 'api' };
  return [
    ...compared(context, old.security, next.security, 'api-global-security').map(({ rule, message }) =>
      changeBy(rule, { place, pointer: '/security', message: `The API: ${message}` }),
    ),
    ...schemes(context),
  ];
}

/** A list that is empty asks for nothing. */
const waysOf = (security: Security): Security => (security.length === 0 ? [new Map()] : security);

function compared(
  context: Context,
  old: Security,
  next: Security,
  scope: Scope,
): { rule: OpenApiRule; message: string }[] {
  const names = renamed(context.old.securitySchemes, context.next.securitySchemes);
  const before = waysOf(old).map(
    (way) => new Map([...way].map(([name, scopes]) => [names.get(name) ?? name, scopes])),
  );
  const after = waysOf(next);
  const found: { rule: OpenApiRule; message: string }[] = [];
  const say = (
    what: 'became-required' | 'became-optional' | 'removed' | 'added' | 'scope-added' | 'scope-removed',
    message: string,
  ) => found.push({ rule: `${scope}-${what}`, message });
  const explained = new Set<Way>();
  for (const way of before) {
    if (after.some((other) => isEnough(way, other))) continue;
    const more = after.find((other) => way.size > 0 && [...way.keys()].every((name) => other.has(name)));
    if (more) explained.add(more);
    if (way.size === 0) say('became-required', `everybody was let in, and now ${told(after)} is needed`);
    else if (more) say('scope-added', `${told([way])} was enough, and now ${told([more])} is needed`);
    else say('removed', `${told([way])} no longer lets in`);
  }
  const wasOpen = before.some((way) => way.size === 0);
  for (const way of after) {
    if (explained.has(way) || before.some((other) => isEnough(other, way) && isEnough(way, other))) continue;
    const covers = before.find((other) => isEnough(other, way));
    if (way.size === 0) say('became-optional', 'everybody is let in');
    else if (covers) say('scope-removed', `${told([way])} is enough where ${told([covers])} was needed`);
    else if (!wasOpen) say('added', `${told([way])} lets in, too`);
  }
  return found;
}

/** Whether who has the credentials of `way` has those of `other`. */
const isEnough = (way: Way, other: Way): boolean =>
  [...other].every(([name, scopes]) => {
    const own = way.get(name);
    return own !== undefined && scopes.every((scope) => own.includes(scope));
  });

const told = (ways: readonly Way[]): string =>
  ways
    .map((way) =>
      way.size === 0
        ? 'nothing'
        : [...way]
            .map(([name, scopes]) => (scopes.length > 0 ? `${name} (${scopes.join(', ')})` : name))
            .join(' and '),
    )
    .join(' or ');

type Schemes = OpenApi['securitySchemes'];

/** The new names of schemes that are the same under another name. */
function renamed(old: Schemes, next: Schemes): Map<string, string> {
  const gone = [...old].filter(([name]) => !next.has(name));
  const come = [...next].filter(([name]) => !old.has(name));
  return new Map(
    gone.flatMap(([name, { scheme }]) => {
      const same = come.find(([, other]) => canonical(bare(other.scheme)) === canonical(bare(scheme)));
      return same ? [[name, same[0]] as const] : [];
    }),
  );
}

const bare = ({ description: _, ...rest }: Readonly<Record<string, unknown>>) => rest;

function schemes({ old, next }: Context): Change[] {
  const names = renamed(old.securitySchemes, next.securitySchemes);
  const taken = new Set(names.values());
  const place: Place = { kind: 'api' };
  return keysOf(old.securitySchemes, next.securitySchemes).flatMap((name): Change[] => {
    if (names.has(name) || taken.has(name)) return [];
    const [one, other] = [old.securitySchemes.get(name), next.securitySchemes.get(name)];
    const pointer = (other ?? one)?.pointer ?? '';
    const say = (rule: OpenApiRule, what: string) =>
      changeBy(rule, { place, pointer, message: `The security scheme ${JSON.stringify(name)} ${what}` });
    if (!other) return [say('api-security-component-removed', 'is gone')];
    if (!one) return [say('api-security-component-added', 'is new')];
    return changesOf(one.scheme, other.scheme).map(([rule, what]) => say(rule, what));
  });
}

type Scheme = Readonly<Record<string, unknown>>;
const word = (value: unknown): string =>
  (value === undefined ? 'nothing' : JSON.stringify(value)).slice(0, 200);

function changesOf(one: Scheme, other: Scheme): [OpenApiRule, string][] {
  if (one.type !== other.type)
    return [
      ['api-security-component-type-changed', `was of type ${word(one.type)} and is of ${word(other.type)}`],
    ];
  const found: [OpenApiRule, string][] = [];
  for (const key of ['in', 'name', 'scheme']) {
    const [was, is] = [one[key], other[key]].map((value) =>
      // Names of HTTP schemes and of headers are the same in any case.
      typeof value === 'string' && (key === 'scheme' || one.in === 'header') ? value.toLowerCase() : value,
    );
    if (was !== is)
      found.push(['api-security-component-changed', `had ${key} ${word(was)} and has ${word(is)}`]);
  }
  if (one.openIdConnectUrl !== other.openIdConnectUrl)
    found.push(['api-security-component-url-changed', `is found at ${word(other.openIdConnectUrl)}`]);
  return [...found, ...flows(isObject(one.flows) ? one.flows : {}, isObject(other.flows) ? other.flows : {})];
}

function flows(one: Scheme, other: Scheme): [OpenApiRule, string][] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap(
    (flow): [OpenApiRule, string][] => {
      const [was, is] = [one[flow], other[flow]];
      if (!isObject(is)) return [['api-security-component-flow-removed', `has no flow ${flow} any more`]];
      if (!isObject(was)) return [['api-security-component-flow-added', `has the flow ${flow}`]];
      const found: [OpenApiRule, string][] = [];
      for (const key of ['authorizationUrl', 'tokenUrl', 'refreshUrl']) {
        if (was[key] !== is[key])
          found.push([
            'api-security-component-url-changed',
            `has another ${key} of ${flow}: ${word(is[key])}`,
          ]);
      }
      const [before, after] = [isObject(was.scopes) ? was.scopes : {}, isObject(is.scopes) ? is.scopes : {}];
      for (const scope of Object.keys(before))
        if (!Object.hasOwn(after, scope))
          found.push(['api-security-component-oauth-scope-removed', `has no scope ${scope} any more`]);
      for (const scope of Object.keys(after))
        if (!Object.hasOwn(before, scope))
          found.push(['api-security-component-oauth-scope-added', `has the scope ${scope}`]);
      return found;
    },
  );
}
