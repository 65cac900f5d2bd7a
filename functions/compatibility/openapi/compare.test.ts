import { describe, expect, it } from 'vitest';
import { openApiRuleNames, openApiRules } from './rules/rules.ts';
import { answers, api, changes, endpoint, json, read, rules, sends } from './testing/descriptions.ts';

const text = { type: 'string' };
const parameter = (more: object = {}) =>
  endpoint({ parameters: [{ name: 'sort', in: 'query', schema: text, ...more }] });
const none = endpoint({});
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const secured = (security: unknown, more: object = {}) => endpoint({ security }, more);
const schemes = (scheme: object) => api({ components: { securitySchemes: { key: scheme } } });
const oauth = (flow: object) => schemes({ type: 'oauth2', flows: { clientCredentials: flow } });
const flow = { tokenUrl: 'https://a.example/token', scopes: { read: '' } };
const header = (more: object | undefined) =>
  endpoint({
    responses: {
      200: { description: '', ...(more && { headers: { 'X-Total': { schema: text, ...more } } }) },
    },
  });
const link = (operationId: string | undefined) =>
  endpoint({
    responses: { 200: { description: '', ...(operationId && { links: { next: { operationId } } }) } },
  });
const hook = (operation: object | undefined) =>
  api({ webhooks: operation ? { placed: { post: { responses: {}, ...operation } } } : {} }, '3.1.0');
const callback = (operation: object | undefined) =>
  endpoint({
    callbacks: operation
      ? { done: { '{$request.body#/url}': { post: { responses: {}, ...operation } } } }
      : {},
  });
const two = (operation: object) =>
  api({ paths: { '/orders': { get: { responses: {} }, ...(operation && { put: operation }) } } });
const onlyGet = api({ paths: { '/orders': { get: { responses: {} } } } });
const property = (more: object) => object({ total: { type: 'number', ...more } });
const animal = (discriminator?: object) => ({
  oneOf: [object({ kind: text, a: text }), object({ kind: text, b: text })],
  ...(discriminator && { discriminator }),
});
const body = (more: object = {}) => ({ requestBody: { ...json(object({ a: text })), ...more } });
const media = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { schema: object({ a: text }) }]));
const [later, soon, past] = ['2028-01-31', '2026-11-30', '2026-01-31'];
const deprecated = { deprecated: true, responses: {} };

/** A rule, a description, and one after it. */
const pairs: [rule: string, old: object, next: object][] = [
  ['info endpoint-added', api({}), none],
  ['breaking api-path-removed-without-deprecation', none, api({})],
  ['breaking api-path-removed-before-sunset', endpoint({ ...deprecated, 'x-sunset': later }), api({})],
  ['info api-path-removed-with-deprecation', endpoint({ ...deprecated, 'x-sunset': past }), api({})],
  ['info api-path-removed-with-deprecation', endpoint(deprecated), api({})],
  ['breaking api-path-sunset-parse', endpoint({ ...deprecated, 'x-sunset': '2026-02-30' }), api({})],
  ['breaking api-removed-without-deprecation', two({ responses: {} }), onlyGet],
  ['breaking api-removed-before-sunset', two({ ...deprecated, 'x-sunset': later }), onlyGet],
  ['info api-removed-with-deprecation', two(deprecated), onlyGet],
  ['breaking api-sunset-parse', two({ ...deprecated, 'x-sunset': 'soon' }), onlyGet],
  ['info endpoint-deprecated', none, endpoint({ ...deprecated })],
  ['info endpoint-deprecated-with-sunset', none, endpoint({ ...deprecated, 'x-sunset': later })],
  ['info endpoint-reactivated', endpoint(deprecated), none],
  ['warning api-deprecated-sunset-missing', none, endpoint(deprecated)],
  ['breaking api-deprecated-sunset-parse', none, endpoint({ ...deprecated, 'x-sunset': '31.1.2028' })],
  ['breaking api-sunset-date-too-small', none, endpoint({ ...deprecated, 'x-sunset': soon })],
  ['breaking api-sunset-deleted', endpoint({ ...deprecated, 'x-sunset': later }), endpoint(deprecated)],
  [
    'breaking api-sunset-date-changed-too-small',
    endpoint({ ...deprecated, 'x-sunset': later }),
    endpoint({ ...deprecated, 'x-sunset': soon }),
  ],
  ['breaking api-invalid-stability-level', none, endpoint({ 'x-stability-level': 'gamma' })],
  [
    'breaking api-stability-decreased',
    endpoint({ 'x-stability-level': 'stable' }),
    endpoint({ 'x-stability-level': 'beta' }),
  ],
  [
    'info api-stability-increased',
    endpoint({ 'x-stability-level': 'beta' }),
    endpoint({ 'x-stability-level': 'stable' }),
  ],
  ['info request-parameter-deprecated', parameter(), parameter({ deprecated: true, 'x-sunset': later })],
  ['info request-parameter-reactivated', parameter({ deprecated: true }), parameter()],
  ['warning request-parameter-deprecated-sunset-missing', parameter(), parameter({ deprecated: true })],
  ['breaking request-parameter-sunset-parse', parameter(), parameter({ deprecated: true, 'x-sunset': 1 })],
  [
    'breaking request-parameter-sunset-date-too-small',
    parameter(),
    parameter({ deprecated: true, 'x-sunset': soon }),
  ],
  [
    'breaking request-parameter-sunset-deleted',
    parameter({ deprecated: true, 'x-sunset': later }),
    parameter({ deprecated: true }),
  ],
  [
    'breaking request-parameter-sunset-date-changed-too-small',
    parameter({ deprecated: true, 'x-sunset': later }),
    parameter({ deprecated: true, 'x-sunset': soon }),
  ],
  [
    'breaking request-parameter-x-extensible-enum-value-removed',
    parameter({ schema: { type: 'string', 'x-extensible-enum': ['a', 'b'] } }),
    parameter({ schema: { type: 'string', 'x-extensible-enum': ['b'] } }),
  ],
  ['breaking new-required-request-parameter', none, parameter({ required: true })],
  ['info new-optional-request-parameter', none, parameter()],
  ['warning request-parameter-removed', parameter(), none],
  ['info request-parameter-removed-with-deprecation', parameter({ deprecated: true }), none],
  [
    'breaking request-parameter-removed-before-sunset',
    parameter({ deprecated: true, 'x-sunset': later }),
    none,
  ],
  ['breaking request-parameter-in-changed', parameter(), parameter({ in: 'header' })],
  [
    'info request-path-parameter-renamed',
    api({
      paths: {
        '/orders/{id}': {
          get: { parameters: [{ name: 'id', in: 'path', required: true, schema: text }], responses: {} },
        },
      },
    }),
    api({
      paths: {
        '/orders/{order}': {
          get: { parameters: [{ name: 'order', in: 'path', required: true, schema: text }], responses: {} },
        },
      },
    }),
  ],
  ['breaking request-parameter-became-required', parameter(), parameter({ required: true })],
  ['info request-parameter-became-optional', parameter({ required: true }), parameter()],
  [
    'breaking request-parameter-default-value-changed',
    parameter({ schema: { ...text, default: 'a' } }),
    parameter({ schema: { ...text, default: 'b' } }),
  ],
  [
    'warning request-parameter-default-value-added',
    parameter(),
    parameter({ schema: { ...text, default: 'b' } }),
  ],
  [
    'warning request-parameter-default-value-removed',
    parameter({ schema: { ...text, default: 'a' } }),
    parameter(),
  ],
  [
    'breaking request-parameter-style-changed',
    parameter({ schema: { type: 'array' } }),
    parameter({ schema: { type: 'array' }, style: 'pipeDelimited' }),
  ],
  [
    'breaking request-parameter-explode-changed',
    parameter({ schema: { type: 'array' } }),
    parameter({ schema: { type: 'array' }, explode: false }),
  ],
  [
    'breaking request-parameter-media-type-changed',
    parameter(),
    endpoint({ parameters: [{ name: 'sort', in: 'query', ...json(text) }] }),
  ],
  ['breaking request-parameter-allow-reserved-removed', parameter({ allowReserved: true }), parameter()],
  ['info request-parameter-allow-reserved-added', parameter(), parameter({ allowReserved: true })],
  ['breaking request-parameter-allow-empty-value-removed', parameter({ allowEmptyValue: true }), parameter()],
  ['info request-parameter-allow-empty-value-added', parameter(), parameter({ allowEmptyValue: true })],
  ['breaking request-body-added-required', none, endpoint(body({ required: true }))],
  ['info request-body-added-optional', none, endpoint(body())],
  ['warning request-body-removed', endpoint(body()), none],
  ['breaking request-body-became-required', endpoint(body()), endpoint(body({ required: true }))],
  ['info request-body-became-optional', endpoint(body({ required: true })), endpoint(body())],
  [
    'breaking request-body-media-type-removed',
    endpoint(body({ content: media('application/json', 'text/csv') })),
    endpoint(body()),
  ],
  [
    'info request-body-media-type-added',
    endpoint(body()),
    endpoint(body({ content: media('application/json', 'text/csv') })),
  ],
  [
    'warning request-body-encoding-changed',
    endpoint(body({ content: { 'multipart/form-data': { schema: text } } })),
    endpoint(
      body({
        content: { 'multipart/form-data': { schema: text, encoding: { a: { contentType: 'text/csv' } } } },
      }),
    ),
  ],
  ['breaking response-success-status-removed', endpoint({ responses: { 200: { description: '' } } }), none],
  ['info response-success-status-added', none, endpoint({ responses: { 200: { description: '' } } })],
  ['info response-non-success-status-removed', endpoint({ responses: { 404: { description: '' } } }), none],
  ['info response-non-success-status-added', none, endpoint({ responses: { 404: { description: '' } } })],
  ['warning response-default-removed', endpoint({ responses: { default: { description: '' } } }), none],
  ['info response-default-added', none, endpoint({ responses: { default: { description: '' } } })],
  [
    'breaking response-media-type-removed',
    answers(text),
    endpoint({ responses: { 200: { description: '' } } }),
  ],
  ['info response-media-type-added', endpoint({ responses: { 200: { description: '' } } }), answers(text)],
  ['breaking required-response-header-removed', header({ required: true }), header(undefined)],
  ['warning optional-response-header-removed', header({}), header(undefined)],
  ['info response-header-added', header(undefined), header({})],
  ['breaking response-header-became-optional', header({ required: true }), header({})],
  ['info response-header-became-required', header({}), header({ required: true })],
  ['info response-header-deprecated', header({}), header({ deprecated: true })],
  ['info response-header-reactivated', header({ deprecated: true }), header({})],
  ['warning response-link-removed', link('a'), link(undefined)],
  ['warning response-link-changed', link('a'), link('b')],
  ['info response-link-added', link(undefined), link('a')],
  ['breaking webhook-removed', hook({}), hook(undefined)],
  ['info webhook-added', hook(undefined), hook({})],
  ['breaking callback-removed', callback({}), callback(undefined)],
  ['info callback-added', callback(undefined), callback({})],
  ...(
    [
      ['webhook', hook],
      ['callback', callback],
    ] as const
  ).flatMap(([name, of]): [string, object, object][] => [
    [`breaking ${name}-request-body-removed`, of(body()), of({})],
    [`breaking ${name}-request-body-became-optional`, of(body({ required: true })), of(body())],
    [
      `breaking ${name}-request-media-type-removed`,
      of(body({ content: media('application/json', 'text/csv') })),
      of(body()),
    ],
    [
      `info ${name}-request-media-type-added`,
      of(body()),
      of(body({ content: media('application/json', 'text/csv') })),
    ],
    [`breaking ${name}-response-status-removed`, of({ responses: { 200: { description: '' } } }), of({})],
    [`info ${name}-response-status-added`, of({}), of({ responses: { 200: { description: '' } } })],
  ]),
  ['breaking api-security-became-required', secured([]), secured([{ key: [] }])],
  ['info api-security-became-optional', secured([{ key: [] }]), secured([])],
  ['breaking api-security-removed', secured([{ key: [] }, { other: [] }]), secured([{ key: [] }])],
  ['info api-security-added', secured([{ key: [] }]), secured([{ key: [] }, { other: [] }])],
  ['breaking api-security-scope-added', secured([{ key: ['a'] }]), secured([{ key: ['a', 'b'] }])],
  ['info api-security-scope-removed', secured([{ key: ['a', 'b'] }]), secured([{ key: ['a'] }])],
  ['breaking api-global-security-became-required', api({}), api({ security: [{ key: [] }] })],
  ['info api-global-security-became-optional', api({ security: [{ key: [] }] }), api({})],
  [
    'breaking api-global-security-removed',
    api({ security: [{ key: [] }, { other: [] }] }),
    api({ security: [{ key: [] }] }),
  ],
  [
    'info api-global-security-added',
    api({ security: [{ key: [] }] }),
    api({ security: [{ key: [] }, { other: [] }] }),
  ],
  [
    'breaking api-global-security-scope-added',
    api({ security: [{ key: ['a'] }] }),
    api({ security: [{ key: ['a', 'b'] }] }),
  ],
  [
    'info api-global-security-scope-removed',
    api({ security: [{ key: ['a', 'b'] }] }),
    api({ security: [{ key: ['a'] }] }),
  ],
  ['info api-security-component-removed', schemes({ type: 'http', scheme: 'basic' }), api({})],
  ['info api-security-component-added', api({}), schemes({ type: 'http', scheme: 'basic' })],
  [
    'breaking api-security-component-type-changed',
    schemes({ type: 'http', scheme: 'basic' }),
    schemes({ type: 'apiKey', in: 'header', name: 'x' }),
  ],
  [
    'breaking api-security-component-changed',
    schemes({ type: 'apiKey', in: 'header', name: 'x' }),
    schemes({ type: 'apiKey', in: 'query', name: 'x' }),
  ],
  [
    'warning api-security-component-url-changed',
    oauth(flow),
    oauth({ ...flow, tokenUrl: 'https://b.example/token' }),
  ],
  ['breaking api-security-component-flow-removed', oauth(flow), schemes({ type: 'oauth2', flows: {} })],
  ['info api-security-component-flow-added', schemes({ type: 'oauth2', flows: {} }), oauth(flow)],
  ['warning api-security-component-oauth-scope-removed', oauth(flow), oauth({ ...flow, scopes: {} })],
  ['info api-security-component-oauth-scope-added', oauth({ ...flow, scopes: {} }), oauth(flow)],
  ['warning api-server-removed', api({ servers: [{ url: '/v1' }] }), api({})],
  ['info api-server-added', api({}), api({ servers: [{ url: '/v1' }] })],
  ['warning endpoint-server-removed', endpoint({ servers: [{ url: '/v1' }] }), none],
  ['info endpoint-server-added', none, endpoint({ servers: [{ url: '/v1' }] })],
  ['warning api-operation-id-changed', endpoint({ operationId: 'a' }), endpoint({ operationId: 'b' })],
  ['warning api-operation-id-removed', endpoint({ operationId: 'a' }), none],
  ['info api-operation-id-added', none, endpoint({ operationId: 'a' })],
  ['info api-tag-removed', endpoint({ tags: ['a'] }), none],
  ['info api-tag-added', none, endpoint({ tags: ['a'] })],
  ['info api-schema-removed', api({ components: { schemas: { a: text } } }), api({})],
  ...(
    [
      ['request', sends],
      ['response', answers],
    ] as const
  ).flatMap(([side, of]): [string, object, object][] => {
    const marks = (rule: string, old: object, next: object): [string, object, object] => [
      rule.replace(' ', ` ${side}-`),
      of(property(old)),
      of(property(next)),
    ];
    const [told, other] = [
      { propertyName: 'kind', mapping: { a: '#/A' } },
      { propertyName: 'kind', mapping: { a: '#/B' } },
    ];
    const harm = side === 'request' ? 'breaking' : 'info';
    return [
      marks('info property-deprecated', {}, { deprecated: true }),
      marks('info property-reactivated', { deprecated: true }, {}),
      marks(
        'warning property-deprecated-sunset-missing',
        {},
        { deprecated: true, 'x-stability-level': 'beta' },
      ),
      marks('breaking property-sunset-parse', {}, { deprecated: true, 'x-sunset': 'soon' }),
      marks('breaking property-sunset-date-too-small', {}, { deprecated: true, 'x-sunset': soon }),
      marks(
        `${harm} property-x-extensible-enum-value-removed`,
        { 'x-extensible-enum': ['a', 'b'] },
        { 'x-extensible-enum': ['b', 'c'] },
      ),
      marks('warning property-sunset-deleted', { deprecated: true, 'x-sunset': later }, { deprecated: true }),
      marks(
        'warning property-sunset-date-changed-too-small',
        { deprecated: true, 'x-sunset': later },
        { deprecated: true, 'x-sunset': soon },
      ),
      marks(
        'warning property-stability-decreased',
        { 'x-stability-level': 'beta' },
        { 'x-stability-level': 'alpha' },
      ),
      marks(
        'info property-stability-increased',
        { 'x-stability-level': 'beta' },
        { 'x-stability-level': 'stable' },
      ),
      marks('info property-became-read-only', {}, { readOnly: true }),
      marks('info property-became-not-read-only', { readOnly: true }, {}),
      marks('info property-became-write-only', {}, { writeOnly: true }),
      marks('info property-became-not-write-only', { writeOnly: true }, {}),
      marks(
        `${side === 'request' ? 'warning' : 'info'} property-default-value-changed`,
        { default: 1 },
        { default: 2 },
      ),
      marks('info property-default-value-added', {}, { default: 2 }),
      marks(`${side === 'request' ? 'warning' : 'info'} property-default-value-removed`, { default: 1 }, {}),
      [`warning ${side}-body-discriminator-added`, of(animal()), of(animal(told))],
      [`warning ${side}-body-discriminator-removed`, of(animal(told)), of(animal())],
      [
        `breaking ${side}-body-discriminator-property-name-changed`,
        of(animal(told)),
        of(animal({ ...told, propertyName: 'type' })),
      ],
      [
        `info ${side}-body-discriminator-mapping-added`,
        of(animal({ propertyName: 'kind' })),
        of(animal(told)),
      ],
      [
        `${harm} ${side}-body-discriminator-mapping-deleted`,
        of(animal(told)),
        of(animal({ propertyName: 'kind' })),
      ],
      [`breaking ${side}-body-discriminator-mapping-changed`, of(animal(told)), of(animal(other))],
    ];
  }),
];

describe('the rules', () => {
  it.each(pairs)('%s', (rule, old, next) => {
    expect(rules(old, next)).toContain(rule);
    expect(rules(old, old)).toEqual([]);
    // The same written in another order, and in other words beside, is no change.
    expect(rules(old, { ...old, info: { title: 'Other', version: '2' } })).toEqual([]);
  });

  it('are all tried above, and have one name each', () => {
    expect(new Set(pairs.map(([rule]) => rule.split(' ')[1]))).toEqual(new Set(Object.keys(openApiRules)));
    expect([...openApiRuleNames()].length).toBeGreaterThan(500);
  });

  it('have the level that the table says', () => {
    const levels = new Map(Object.entries(openApiRules).map(([name, { level }]) => [name, level]));
    for (const [rule] of pairs)
      expect(`${levels.get(rule.split(' ')[1] ?? '')} ${rule.split(' ')[1]}`).toBe(rule);
  });
});

describe('whole requests that break', () => {
  it('have what the old version needs, and lack what the new one does', () => {
    const operation = {
      parameters: [
        { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 5 } },
        { name: 'X-Shop', in: 'header', required: true, schema: { enum: ['eu'] } },
      ],
      requestBody: {
        required: true,
        ...json(object({ total: { type: 'number' } }, { required: ['total'] })),
      },
    };
    const sort = { name: 'sort', in: 'query', required: true, schema: text };
    const next = { ...operation, parameters: [...operation.parameters, sort] };
    const [found] = changes(endpoint(operation, {}, 'post'), endpoint(next, {}, 'post'));
    expect(found?.example).toEqual({
      document: {
        method: 'POST',
        path: '/orders/5',
        headers: { 'content-type': 'application/json', 'X-Shop': 'eu' },
        body: { total: 0 },
      },
      acceptedBy: 'old',
      refusedBy: 'new',
      reason: 'it lacks the query parameter "sort"',
    });
  });

  it('have the parameter that is read elsewhere', () => {
    const [found] = changes(parameter(), parameter({ in: 'header', required: true }));
    expect(found?.example?.document).toMatchObject({ method: 'GET', query: { sort: 'a' } });
  });
});

describe('the same said otherwise is no change', () => {
  const order = object({ total: { type: 'integer', minimum: 1 } }, { required: ['total'] });
  const components = { schemas: { Order: order } };
  it.each<[string, object, object]>([
    [
      'a parameter in the path item',
      parameter(),
      api({
        paths: {
          '/orders/{id}': {
            parameters: [{ name: 'sort', in: 'query', schema: text }],
            get: { responses: {} },
          },
        },
      }),
    ],
    [
      'a parameter by reference',
      parameter(),
      endpoint(
        { parameters: [{ $ref: '#/components/parameters/sort' }] },
        { components: { parameters: { sort: { name: 'sort', in: 'query', schema: text } } } },
      ),
    ],
    [
      'a schema by reference',
      answers(order),
      { ...answers({ $ref: '#/components/schemas/Order' }), components },
    ],
    [
      'a schema by reference to a path',
      answers(order),
      api({
        paths: {
          '/orders/{id}': {
            get: { responses: { 200: { description: '', ...json({ $ref: '#/x-schemas/a~1b' }) } } },
          },
        },
        'x-schemas': { 'a/b': order },
      }),
    ],
    [
      'allOf',
      sends(order),
      sends({
        allOf: [
          object({ total: { type: 'integer' } }),
          object({ total: { minimum: 1 } }, { required: ['total'] }),
        ],
      }),
    ],
    ['oneOf', sends({ enum: ['a', 'b'] }), sends({ oneOf: [{ enum: ['a'] }, { enum: ['b'] }] })],
    [
      'anyOf with null',
      sends({ ...text, nullable: true }),
      { ...sends({ anyOf: [text, { type: 'null' }] }), openapi: '3.1.0' },
    ],
    [
      '3.1 in place of 3.0',
      sends({ type: 'integer', nullable: true, minimum: 1, exclusiveMinimum: true }),
      { ...sends({ type: ['integer', 'null'], exclusiveMinimum: 1 }), openapi: '3.1.0' },
    ],
    [
      'a media type with parameters',
      endpoint(body({ content: media('application/json') })),
      endpoint(body({ content: media('Application/JSON; charset=utf-8') })),
    ],
    [
      'a status by its class',
      endpoint({ responses: { 200: { description: '' } } }),
      endpoint({ responses: { '2XX': { description: '' } } }),
    ],
    [
      'security of the API at the endpoint',
      endpoint({}, { security: [{ key: [] }] }),
      secured([{ key: [] }], { security: [{ key: [] }] }),
    ],
    [
      'a security scheme under another name',
      endpoint(
        { security: [{ a: [] }] },
        { components: { securitySchemes: { a: { type: 'http', scheme: 'basic' } } } },
      ),
      endpoint(
        { security: [{ b: [] }] },
        { components: { securitySchemes: { b: { type: 'http', scheme: 'basic' } } } },
      ),
    ],
    [
      'style of single values',
      parameter({ in: 'query', explode: true }),
      parameter({ in: 'query', explode: false }),
    ],
    [
      'the name of a header in other letters',
      parameter({ name: 'X-A', in: 'header' }),
      parameter({ name: 'x-a', in: 'header' }),
    ],
  ])('%s', (_, old, next) => {
    expect(rules(old, next)).toEqual([]);
    expect(rules(next, old).filter((rule) => rule !== 'info api-schema-removed')).toEqual([]);
  });

  it('and a break inside of it is found', () => {
    const split = {
      allOf: [
        object({ total: { type: 'integer' } }),
        object({ total: { minimum: 2 } }, { required: ['total'] }),
      ],
    };
    expect(rules(sends(order), sends(split))).toEqual(['breaking request-minimum-raised']);
    const [found] = changes(sends(order), sends(split));
    expect(found).toMatchObject({
      place: { endpoint: 'POST /orders/{}', part: 'input', field: '/total' },
      example: { document: { total: 1 } },
    });
  });
});

describe('what is read only', () => {
  const order = (more: object, required: string[]) =>
    object({ id: { ...text, ...more }, a: text }, { required });
  it('does not count in requests, and what is written only not in answers', () => {
    expect(rules(sends(order({ readOnly: true }, [])), sends(order({ readOnly: true }, ['id'])))).toEqual([]);
    expect(rules(sends(order({}, [])), sends(order({}, ['id'])))).toEqual([
      'breaking request-property-became-required',
    ]);
    expect(
      rules(answers(order({ writeOnly: true }, ['id'])), answers(order({ writeOnly: true }, []))),
    ).toEqual([]);
    expect(rules(answers(order({ readOnly: true }, ['id'])), answers(order({ readOnly: true }, [])))).toEqual(
      ['breaking response-property-became-optional'],
    );
  });

  it('is known behind references and across allOf', () => {
    const schemas = { Id: { ...text, readOnly: true } };
    const of = (required: string[]) => ({
      ...sends({
        allOf: [object({ id: { $ref: '#/components/schemas/Id' } }), { type: 'object', required }],
      }),
      components: { schemas },
    });
    expect(rules(of([]), of(['id']))).toEqual([]);
    expect(rules(of([]), of(['a']))).toEqual(['breaking request-property-required-added']);
  });
});

describe('an endpoint that is not promised', () => {
  it('may change at any time: what breaks is told as information, with what it was', () => {
    const draft = { 'x-stability-level': 'draft' };
    const [found] = changes(
      endpoint({ ...draft, ...body() }),
      endpoint({ ...draft, ...body({ required: true }) }),
    );
    expect(found).toMatchObject({ level: 'info', adjusted: [{ by: 'stability', from: 'breaking' }] });
  });

  it('gives the notice that its stability demands', () => {
    const of = (level: string) => endpoint({ 'x-stability-level': level });
    const ended = (level: string) =>
      endpoint({ 'x-stability-level': level, ...deprecated, 'x-sunset': '2026-12-31' });
    expect(rules(of('beta'), ended('beta'))).toEqual(['info endpoint-deprecated-with-sunset']);
    expect(rules(of('stable'), ended('stable'))).toContain('breaking api-sunset-date-too-small');
  });
});

describe('formats', () => {
  it('of integers are limits', () => {
    const of = (format?: string) => ({ type: 'integer', ...(format && { format }) });
    expect(rules(answers(of('int32')), answers(of('int64')))).toEqual([
      'breaking response-minimum-lowered',
      'breaking response-maximum-raised',
    ]);
    expect(rules(sends(of('int32')), sends(of('int64')))).toEqual([
      'info request-minimum-lowered',
      'info request-maximum-raised',
    ]);
    expect(rules(sends({ ...text, format: 'password' }), sends(text))).toEqual([]);
  });
});

describe('descriptions meant to do harm', () => {
  it('with schemas that lead back to themselves in every way are compared', () => {
    const components = (type: string) => ({
      schemas: {
        Tree: object({
          children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
          value: { type },
        }),
        Self: { $ref: '#/components/schemas/Self' },
        Both: { allOf: [{ $ref: '#/components/schemas/Both' }, { $ref: '#/components/schemas/Tree' }] },
      },
    });
    const of = (name: string, type: string) => ({
      ...answers({ $ref: `#/components/schemas/${name}` }),
      components: components(type),
    });
    expect(rules(of('Tree', 'integer'), of('Tree', 'number'))).toEqual(['breaking response-type-widened']);
    for (const name of ['Self', 'Both']) expect(rules(of(name, 'integer'), of(name, 'integer'))).toEqual([]);
    expect(rules(of('Both', 'integer'), of('Both', 'number')).length).toBeGreaterThan(0);
    expect(() => rules(of('Self', 'integer'), of('Tree', 'number'))).not.toThrow();
  });

  it('of schemas nested to the limit are compared', () => {
    const deep = (type: string) => {
      let schema: object = { type };
      for (let level = 0; level < 85; level++) schema = object({ a: schema });
      return sends(schema);
    };
    expect(rules(deep('number'), deep('integer'))).toEqual(['breaking request-type-narrowed']);
  });

  it('with names of prototypes are compared as any others', () => {
    const of = (type: string) =>
      JSON.parse(`{"openapi": "3.0.0", "paths": {"/__proto__/{constructor}": {"post": {
        "parameters": [{"name": "__proto__", "in": "query", "schema": {"type": "${type}"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/__proto__"}}}},
        "responses": {}}}},
        "components": {"schemas": {"__proto__": {"type": "object", "properties": {"__proto__": {"type": "${type}"}, "constructor": {"type": "${type}"}}}}}}`);
    expect(
      changes(of('number'), of('integer')).map(({ rule, place }) => [
        rule,
        place.kind === 'endpoint' && place.field,
      ]),
    ).toEqual([
      ['request-parameter-type-narrowed', ''],
      ['request-type-narrowed', '/__proto__'],
      ['request-type-narrowed', '/constructor'],
    ]);
  });

  it.each<[string, unknown]>([
    ['types that are none', { type: ['any', 7, null], properties: [], required: true, enum: 'a' }],
    ['patterns that are none', { type: 'string', pattern: '(' }],
    ['patterns without the flag u', { type: 'string', pattern: '^[\\w\\-]+$' }],
    ['limits that are none', { type: 'string', minLength: '1', multipleOf: 0, maximum: null }],
    ['no schema at all', null],
    ['a list', []],
  ])('with %s are compared, and do not fail', (_, schema) => {
    expect(rules(sends(schema), sends(schema))).toEqual([]);
    expect(() => rules(sends(schema), sends(object({ a: text })))).not.toThrow();
    expect(() => rules(answers(object({ a: text })), answers(schema))).not.toThrow();
  });
});

it('paths that differ in names only are both compared', () => {
  const of = (required: boolean) => {
    const operation = { requestBody: { required, ...json(text) }, responses: {} };
    return api({ paths: { '/v1/{name}': { post: { responses: {} } }, '/v1/{parent}': { post: operation } } });
  };
  expect([...read(of(true)).endpoints.keys()]).toEqual(['POST /v1/{}', 'POST /v1/{parent}']);
  expect(rules(of(false), of(true))).toEqual(['breaking request-body-became-required']);
});
