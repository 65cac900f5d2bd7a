import type { Change, Verdict } from '#compatibility/changes.ts';
import type { Description } from '#compatibility/descriptions.ts';
import type { VersionChange } from '#transformations/schemas.ts';
import type { DeprecationNotice } from '../records.ts';
import type { ApiSettings } from '../schemas.ts';
import type { Versions } from './changelog.ts';
import { type EndpointExample, exampleOfEndpoint } from './endpoint-examples.ts';
import { bySubject, codeOf, entryOf, lineOf } from './sections.ts';
import type { Block, Document, Line } from './writing/document.ts';

const mostSubjects = 100;
const mostEach = 20;
const mostNamed = 100;

export interface Move extends Versions {
  settings: Pick<ApiSettings, 'choice' | 'consumer'>;
  /** Of the version that is left. */
  deprecation: DeprecationNotice | null;
  old: Description;
  next: Description;
  verdict: Verdict;
  /** What the gateway does for those who stay, in order. */
  changes: readonly VersionChange[];
}

/** How a request says that it is for a version. */
function choiceLine({ choice }: Move['settings'], version: string): Line {
  switch (choice.by) {
    case 'header':
      return ['Send the header ', { code: `${choice.name}: ${version}` }, '.'];
    case 'query':
      return ['Add the query parameter ', { code: `${choice.name}=${version}` }, '.'];
    case 'path':
      return ['Begin paths with ', { code: choice.template.replace('{version}', version) }, '.'];
    default:
      return ['Send and accept ', { code: choice.template.replace('{version}', version) }, '.'];
  }
}

const paragraph = (...text: Line): Block => ({ kind: 'paragraph', text });
const heading = (level: 2 | 3 | 4, ...text: Line): Block => ({ kind: 'heading', level, text });

function beginning({ api, from, to, deprecation, settings, verdict }: Move): Block[] {
  const breaking = verdict.changes.filter(({ level }) => level === 'breaking').length;
  return [
    paragraph(
      'This is for consumers of ',
      { code: api },
      ' who use version ',
      { code: from },
      ' and move to ',
      { code: to },
      breaking === 0
        ? '. Nothing that you do now stops working.'
        : `. ${breaking} changes may stop what you do now.`,
    ),
    ...(deprecation === null
      ? []
      : [
          paragraph(
            { code: from },
            ` has been deprecated since ${deprecation.at.slice(0, 10)}`,
            ...(deprecation.sunset === undefined
              ? ['.']
              : [' and goes on ', { strong: deprecation.sunset.slice(0, 10) }, '.']),
          ),
        ]),
    heading(2, 'Steps'),
    {
      kind: 'list',
      ordered: true,
      items: [
        ['Change what the next section names.'],
        [...choiceLine(settings, to), ' Requests that name no version get the one that you are pinned to.'],
        ['Try it with your own tests, then with a part of your traffic.'],
        ['Tell the owners of the API, so that your pin is moved, too.'],
      ],
    },
  ];
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Request and answer before and after, where they differ. */
function beforeAndAfter(
  { from, to }: Versions,
  old: EndpointExample | undefined,
  next: EndpointExample | undefined,
): Block[] {
  if (old === undefined) return [];
  return (['request', 'response'] as const).flatMap((part): Block[] => {
    if (same(old[part], next?.[part]) || old[part] === undefined) return [];
    const what = part === 'request' ? 'A request' : 'An answer';
    const after = next?.[part];
    return [
      paragraph(`${what} before (${from}):`),
      codeOf(old[part]),
      ...(after === undefined ? [] : [paragraph(`and after (${to}):`), codeOf(after)]),
    ];
  });
}

function toChange(move: Move): Block[] {
  const own = move.verdict.changes.filter(({ level }) => level === 'breaking');
  if (own.length === 0) return [heading(2, 'What you change'), paragraph('Nothing.')];
  const subjects = bySubject(own);
  return [
    heading(2, 'What you change'),
    ...subjects.slice(0, mostSubjects).flatMap(([subject, changes]): Block[] => {
      const [first] = changes;
      const endpoint = first?.place.kind === 'endpoint' ? first.place.endpoint : undefined;
      const old = endpoint === undefined ? undefined : exampleOfEndpoint(move.old, endpoint);
      const next = endpoint === undefined ? undefined : exampleOfEndpoint(move.next, endpoint);
      return [
        heading(3, { code: old?.title ?? subject }),
        ...changes.slice(0, mostEach).flatMap(entryOf),
        ...beforeAndAfter(move, old, next),
      ];
    }),
    ...(subjects.length > mostSubjects
      ? [paragraph(`And ${subjects.length - mostSubjects} more; the changelog has them.`)]
      : []),
  ];
}

function doneForYou({ changes, from }: Move): Block[] {
  if (changes.length === 0) return [];
  return [
    heading(2, 'Until you move'),
    paragraph('Requests for ', { code: from }, ' are translated by the gateway, and so are their answers:'),
    {
      kind: 'list',
      items: changes
        .slice(0, mostNamed)
        .map(({ id, description, endpoints }) => [
          { code: id },
          `: ${description}`,
          ...(endpoints === 'all' ? [] : placesOf(endpoints)),
        ]),
    },
  ];
}

/** Some of the endpoints that a change is done at. */
const placesOf = (endpoints: readonly string[]): Line => [
  ' (',
  ...endpoints.slice(0, 5).flatMap((code, at) => (at === 0 ? [{ code }] : [', ', { code }])),
  endpoints.length > 5 ? ', …)' : ')',
];

function listOf(title: string, changes: readonly Change[]): Block[] {
  if (changes.length === 0) return [];
  return [
    heading(2, title),
    { kind: 'list', items: changes.slice(0, mostNamed).map(lineOf) },
    ...(changes.length > mostNamed ? [paragraph(`And ${changes.length - mostNamed} more.`)] : []),
  ];
}

/** How a consumer goes from one version to another: what to change, with examples, and what is done for it until then. */
export function guideOf(move: Move): Document {
  const of = (level: Change['level']) => move.verdict.changes.filter((one) => one.level === level);
  return {
    title: `${move.api}: from ${move.from} to ${move.to}`,
    blocks: [
      ...beginning(move),
      ...toChange(move),
      ...doneForYou(move),
      ...listOf('Worth a look', of('warning')),
      ...listOf('What is new', of('info')),
    ],
  };
}
