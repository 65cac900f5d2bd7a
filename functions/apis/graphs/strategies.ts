import type { Change } from '#compatibility/changes.ts';
import type { Announcement, Element } from '#compatibility/graphql/announced.ts';
import type { BrokenOperation } from '#compatibility/graphql/operations.ts';
import { UnsafeSchemaChange } from '../errors.ts';
import type { Strategy } from './schemas.ts';

/** What a publication would change, as far as a strategy asks. */
export interface Proposal {
  strategy: Strategy;
  force: boolean;
  /** Weighed by usage and by what people said. */
  changes: readonly Change[];
  broken: readonly BrokenOperation[];
  /** What is deprecated, and was not. */
  deprecated: readonly (Element & Announcement)[];
  /** Some operations are known: otherwise nobody can say what is used. */
  operationsKnown: boolean;
  /** `2026-11-22` */
  today: string;
}

/** What graphql says where a schema gives no reason. */
const NO_REASON = 'No longer supported';
/** So much is told of a refusal; the counts are of all. */
const MOST_TOLD = 20;

/** Why a strategy does not allow a publication; undefined when it does. */
export function refusalOf(proposal: Proposal): UnsafeSchemaChange | undefined {
  const { strategy, force, broken, changes } = proposal;
  if (strategy === 'breaking') {
    const breaking = changes.filter(({ level }) => level === 'breaking');
    if (force || (breaking.length === 0 && broken.length === 0)) return undefined;
    return refused(
      proposal,
      breaking,
      proposal.operationsKnown
        ? 'What would go is used'
        : 'No operations are registered, so that nobody knows what is used',
      proposal.operationsKnown
        ? 'Wait until nobody uses it; on purpose all the same: force it, with a reason.'
        : 'Register the operations of clients, or force it with a reason.',
    );
  }
  const breaking = changes.filter(breaksAnybody);
  if (breaking.length > 0 || broken.length > 0) {
    return refused(
      proposal,
      breaking,
      `The strategy ${strategy} takes nothing away`,
      'Deprecate what is to go with a reason and a day of removal; on purpose: the strategy breaking, with a reason.',
    );
  }
  return strategy === 'additive' ? notOnlyMore(proposal) : undated(proposal);
}

/** What nobody used in a window still takes something away; what a person said of a rule holds. */
const breaksAnybody = ({ level, adjusted }: Change): boolean =>
  level === 'breaking' || adjusted?.at(-1)?.by === 'usage';

const elementText = ({ type, field, argument }: Element): string =>
  `${type}${field === undefined ? '' : `.${field}`}${argument === undefined ? '' : `(${argument}:)`}`;

function notOnlyMore(proposal: Proposal): UnsafeSchemaChange | undefined {
  const gone = proposal.changes.filter(({ rule }) => rule.endsWith('-as-announced'));
  const named = proposal.deprecated.map(elementText);
  if (gone.length === 0 && named.length === 0) return undefined;
  const what =
    named.length > 0 ? `${named.slice(0, 5).join(', ')} would be deprecated` : 'Something would go';
  return refused(
    proposal,
    gone,
    `${what}: the strategy additive only adds`,
    'Publish it with the strategy deprecation.',
  );
}

function undated({ deprecated, today, ...proposal }: Proposal): UnsafeSchemaChange | undefined {
  const lacking = deprecated.flatMap((one) => {
    const reasoned = one.reason.trim() !== '' && one.reason !== NO_REASON;
    if (reasoned && one.removal !== undefined && one.removal > today) return [];
    const lacks = !reasoned
      ? 'no reason'
      : one.removal === undefined
        ? 'no day of removal'
        : `a day of removal that is past, ${one.removal}`;
    return [`${elementText(one)} has ${lacks}`];
  });
  if (lacking.length === 0) return undefined;
  return refused(
    { ...proposal, deprecated, today },
    [],
    `Expected a reason and a day to come for all that is deprecated: ${lacking.slice(0, 5).join('; ')}`,
    'Write both into the schema: @deprecated(reason: "Use fullName. Removal 2027-01-31").',
  );
}

function refused(
  { strategy, broken }: Proposal,
  changes: readonly Change[],
  message: string,
  action: string,
): UnsafeSchemaChange {
  const more = Math.max(0, changes.length - MOST_TOLD) + Math.max(0, broken.length - MOST_TOLD);
  const told = [
    ...changes.slice(0, 5).map(({ rule, pointer }) => `${rule} at ${pointer}`),
    ...broken
      .slice(0, 5)
      .map((one) => `${one.operation} of ${one.client} would be refused, ${one.requests} requests`),
  ];
  return new UnsafeSchemaChange(told.length > 0 ? `${message}: ${told.join('; ')}` : message, {
    evidence: {
      strategy,
      changes: changes
        .slice(0, MOST_TOLD)
        .map(({ rule, pointer, message: said, usedBy }) => ({ rule, pointer, message: said, usedBy })),
      operations: broken.slice(0, MOST_TOLD),
      clients: [...new Set(broken.map(({ client }) => client))].slice(0, MOST_TOLD),
      more,
    },
    action,
  });
}
