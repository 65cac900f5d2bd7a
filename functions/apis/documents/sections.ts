import type { Change, Place } from '#compatibility/changes.ts';
import type { Block, Inline, Line } from './writing/document.ts';

/** What a change lies in, as people call it: an endpoint, a type, an event, or the whole API. */
export function subjectOf(place: Place): string {
  switch (place.kind) {
    case 'endpoint':
      return place.endpoint;
    case 'type':
      return place.field === undefined ? place.type : `${place.type}.${place.field}`;
    case 'event':
      return `${place.role} ${place.event}`;
    case 'dependency':
      return place.service;
    case 'schema':
      return place.field ?? 'the document';
    default:
      return 'the whole API';
  }
}

/** Changes by what they lie in, in the order in which they come. */
export function bySubject(changes: readonly Change[]): [string, Change[]][] {
  const found = new Map<string, Change[]>();
  for (const change of changes) {
    const subject = subjectOf(change.place);
    const known = found.get(subject);
    if (known === undefined) found.set(subject, [change]);
    else known.push(change);
  }
  return [...found];
}

const longestExample = 2_000;

export function codeOf(value: unknown): Block {
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'nothing');
  const cut = text.length > longestExample ? `${text.slice(0, longestExample)}\n…` : text;
  return { kind: 'code', language: typeof value === 'string' ? '' : 'json', text: cut };
}

/** The notes of a change that a reader may want to know where its level came from. */
function adjustments({ adjusted = [], usedBy = [] }: Change): Inline[] {
  return [
    ...adjusted.map(({ by, from, reason }) =>
      by === 'override' ? ` (It was ${from}; ${reason})` : ` (It was ${from}.)`,
    ),
    ...(usedBy.length === 0 ? [] : [` Used by ${usedBy.join(', ')}.`]),
  ];
}

export const lineOf = (change: Change): Line => [
  { code: change.rule },
  ': ',
  change.message,
  ...adjustments(change),
];

/** One change with its example and what to do about it. */
export function entryOf(change: Change): Block[] {
  const { example, remedy, level } = change;
  return [
    { kind: 'paragraph', text: lineOf(change) },
    ...(example === undefined
      ? []
      : [
          {
            kind: 'paragraph' as const,
            text: [
              `The ${example.acceptedBy} version takes this, and the ${example.refusedBy} one refuses it: ${example.reason}`,
            ],
          },
          codeOf(example.document),
        ]),
    ...(level === 'info' ? [] : [{ kind: 'paragraph' as const, text: [{ strong: 'To do: ' }, remedy] }]),
  ];
}
