import type { VersionChange } from '#transformations/schemas.ts';

/** An order as the oldest of eleven versions has it: about 10 kB of JSON, most of it in 52 lines. */
export function order(): Record<string, unknown> {
  return {
    id: 'ord_5f2c9a17',
    state: 'open',
    total: '1249.50',
    tag: 'wholesale',
    customer: { name: 'Ada Lovelace', street: '12 St James Square', city: 'London', mail: 'ada@example.com' },
    placed_at: '2026-03-01T10:00:00Z',
    lines: Array.from({ length: 52 }, (_, at) => ({
      sku: `sku-${1_000 + at}`,
      title: `Thing number ${at} with a title of usual length`,
      qty: 1 + (at % 7),
      price: 10 + at / 4,
      discount: null,
      tags: ['blue', 'large'],
      note: 'Leave it with the neighbours if nobody opens',
    })),
  };
}

type Operations = NonNullable<VersionChange['request']>;

/** What each version changed: half of it in the order itself, half in every line. */
const steps: Operations[] = [
  [{ op: 'rename', in: 'body', at: '/placed_at', to: 'placedAt' }],
  [{ op: 'rename', in: 'body', at: '/lines/*/qty', to: 'quantity' }],
  [
    {
      op: 'map',
      in: 'body',
      at: '/state',
      values: [
        ['open', 'OPEN'],
        ['done', 'DONE'],
      ],
    },
  ],
  [{ op: 'add', in: 'body', at: '/currency', value: 'EUR' }],
  [{ op: 'wrap', at: '/lines/*/price', as: 'object', property: 'net', with: { currency: 'EUR' } }],
  [
    { op: 'move', in: 'body', from: '/customer/street', to: '/customer/address/street' },
    { op: 'move', in: 'body', from: '/customer/city', to: '/customer/address/city' },
  ],
  [{ op: 'wrap', at: '/tag', as: 'array' }],
  [{ op: 'add', in: 'body', at: '/lines/*/backorder', value: false }],
  [{ op: 'convert', in: 'body', at: '/total', from: 'string', to: 'number' }],
  [{ op: 'rename', in: 'body', at: '/lines/*/title', to: 'name' }],
];

const changeOf = (operations: Operations, at: number): VersionChange => ({
  id: `version-${at + 1}`,
  description: '',
  endpoints: 'all',
  request: operations,
  response: operations,
});

export const declared = steps.map(changeOf);

/** The last step as a program: the same by other means. */
export const withJsonata: VersionChange[] = [
  ...declared.slice(0, -1),
  changeOf(
    [
      {
        op: 'jsonata',
        at: '/lines/*',
        up: '$merge([$sift($, function($v, $k) { $k != "title" }), {"name": title}])',
        down: '$merge([$sift($, function($v, $k) { $k != "name" }), {"title": name}])',
      },
    ],
    9,
  ),
];

/** One expression for the whole document, as somebody would write who has many lines. */
export const expression = {
  up: '$merge([$, {"lines": [lines.$merge([$, {"name": title}])]}])',
  down: '$merge([$, {"lines": [lines.$merge([$, {"title": name}])]}])',
};
export const withOneExpression: VersionChange[] = [
  ...declared.slice(0, -1),
  changeOf([{ op: 'jsonata', at: '', ...expression }], 9),
];

const source = `
const renamed = (document, from, to) => {
  for (const line of document.body.lines) { line[to] = line[from]; delete line[from]; }
  return document;
};
export const request = (document) => renamed(document, 'title', 'name');
export const response = (document) => renamed(document, 'name', 'title');
`;
export const withTypescript: VersionChange[] = [
  ...declared.slice(0, -1),
  changeOf([{ op: 'typescript', source }], 9),
];

// By hand: what somebody writes who knows the oldest and the newest version, and copies only what changes.

interface Line {
  [name: string]: unknown;
}

export function upByHand(older: Record<string, unknown>): Record<string, unknown> {
  const { placed_at, state, total, tag, customer, lines, ...rest } = older;
  const { street, city, ...person } = customer as Line;
  return {
    ...rest,
    placedAt: placed_at,
    state: state === 'open' ? 'OPEN' : state === 'done' ? 'DONE' : state,
    total: Number(total),
    tag: [tag],
    customer: { ...person, address: { street, city } },
    currency: 'EUR',
    lines: (lines as Line[]).map(({ qty, price, title, ...line }) => ({
      ...line,
      quantity: qty,
      price: { currency: 'EUR', net: price },
      name: title,
      backorder: false,
    })),
  };
}

export function downByHand(newer: Record<string, unknown>): Record<string, unknown> {
  const { placedAt, state, total, tag, customer, currency: _, lines, ...rest } = newer;
  const { address, ...person } = customer as Line;
  return {
    ...rest,
    placed_at: placedAt,
    state: state === 'OPEN' ? 'open' : state === 'DONE' ? 'done' : state,
    total: String(total),
    tag: (tag as unknown[])[0],
    customer: { ...person, ...(address as Line) },
    lines: (lines as Line[]).map(({ quantity, price, name, backorder: __, ...line }) => ({
      ...line,
      qty: quantity,
      price: (price as Line).net,
      title: name,
    })),
  };
}
