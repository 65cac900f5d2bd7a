import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { Change } from '../changes.ts';
import { compareDescriptions, readDescription, ruleNames } from '../descriptions.ts';

const order = (properties: object = { id: { type: 'string' } }, more: object = {}) => ({
  type: 'object',
  properties,
  ...more,
});
type Fields = Record<string, unknown>;
interface Document {
  servers: { main: Fields };
  channels: Record<string, { address: string; parameters?: Fields; messages: Record<string, Fields> }>;
  operations: Record<string, Fields>;
  components: { messages: { OrderPlaced: Fields }; schemas: { Order: Fields } };
}

/** A description of 3.0 of an application that sends orders and receives payments. */
const three = (change: (document: Document) => void = () => {}) => {
  const document = {
    asyncapi: '3.0.0',
    info: { title: 'Orders', version: '1.0.0' },
    servers: { main: { host: 'broker.example.com:9092', protocol: 'kafka' } },
    channels: {
      placed: {
        address: 'orders/{customer}/placed',
        parameters: { customer: {} },
        messages: { OrderPlaced: { $ref: '#/components/messages/OrderPlaced' } },
      },
      payments: { address: 'payments', messages: { Paid: { payload: order(), headers: order() } } },
    },
    operations: {
      sendOrder: { action: 'send', channel: { $ref: '#/channels/placed' } },
      onPaid: { action: 'receive', channel: { $ref: '#/channels/payments' } },
    },
    components: {
      messages: { OrderPlaced: { payload: { $ref: '#/components/schemas/Order' } } },
      schemas: { Order: order() },
    },
  };
  change(document);
  return document;
};

/** The same in 2.6, where publish and subscribe are what clients do. */
const two = () => ({
  asyncapi: '2.6.0',
  info: { title: 'Orders', version: '1.0.0' },
  servers: { production: { url: 'kafka://broker.example.com:9092/', protocol: 'kafka' } },
  channels: {
    'orders/{who}/placed': {
      parameters: { who: { schema: { type: 'string' } } },
      subscribe: { operationId: 'sendOrder', message: { $ref: '#/components/messages/OrderPlaced' } },
    },
    payments: {
      publish: {
        operationId: 'onPaid',
        message: { oneOf: [{ name: 'Paid', payload: order(), headers: order() }] },
      },
    },
  },
  components: {
    messages: { OrderPlaced: { payload: { $ref: '#/components/schemas/TheOrder' } } },
    schemas: { TheOrder: order() },
  },
});

const read = (value: object) => readDescription(JSON.stringify(value));
const compare = (old: object, next: object) =>
  compareDescriptions(read(old), read(next), { today: '2026-11-22' }).changes;
const brief = ({ rule, level }: Change) => `${level} ${rule}`;
const rules = (change: (document: Document) => void) => compare(three(), three(change)).map(brief);
const back = (change: (document: Document) => void) => compare(three(change), three()).map(brief);
const paid = ({ channels }: Document) => channels.payments?.messages.Paid ?? {};

describe('an AsyncAPI description', () => {
  it('of 2.6 and the same of 3.0 are one: what clients publish is received', () => {
    expect(compare(two(), three()).map(brief)).toEqual(['info channel-parameter-renamed']);
    expect(compare(three(), two()).map(brief)).toEqual(['info channel-parameter-renamed']);
  });

  it('breaks across the two by what breaks within one', () => {
    const next = three((document) => {
      document.components.schemas.Order = order({ id: { type: ['string', 'null'] } });
      paid(document).payload = order({ id: { type: 'string' } }, { required: ['id'] });
    });
    const changes = compare(two(), next).filter(({ level }) => level === 'breaking');
    expect(changes.map(brief)).toEqual([
      'breaking received-message-property-became-required',
      'breaking sent-message-became-nullable',
    ]);
    expect(changes.map(({ pointer }) => pointer)).toEqual([
      '/channels/payments/messages/Paid/payload',
      '/components/schemas/Order/properties/id',
    ]);
  });

  it('has a document for each break of a payload, that one version takes and the other refuses', () => {
    const ajv = new Ajv({ strict: false });
    const next = order({ id: { type: 'string' } }, { required: ['id'] });
    const [change] = compare(
      three(),
      three((document) => {
        paid(document).payload = next;
      }),
    );
    expect(change?.place).toEqual({ kind: 'event', event: 'payments Paid', role: 'consumed', field: '/id' });
    expect(ajv.validate(order(), change?.example?.document)).toBe(true);
    expect(ajv.validate(next, change?.example?.document)).toBe(false);
  });

  it.each<[string, (document: Document) => void, string[], string[]]>([
    [
      'a field that has to be there, of what is sent',
      ({ components }) => {
        components.schemas.Order = order({ id: { type: 'string' } }, { required: ['id'] });
      },
      ['info sent-message-property-became-required'],
      ['breaking sent-message-property-became-optional'],
    ],
    [
      'a field that has to be there, of what is received',
      (document) => {
        paid(document).payload = order({ id: { type: 'string' } }, { required: ['id'] });
      },
      ['breaking received-message-property-became-required'],
      ['info received-message-property-became-optional'],
    ],
    [
      'headers',
      (document) => {
        paid(document).headers = order({ id: { type: 'number' } });
      },
      ['breaking received-headers-type-narrowed'],
      ['breaking received-headers-type-narrowed'],
    ],
    [
      'a channel',
      ({ channels, operations }) => {
        delete channels.payments;
        delete operations.onPaid;
        channels.other = { address: 'other', messages: {} };
      },
      ['breaking channel-removed', 'info channel-added'],
      ['breaking channel-removed', 'info channel-added'],
    ],
    [
      'an address',
      ({ channels }) => {
        if (channels.payments) channels.payments.address = 'paid';
      },
      ['breaking channel-removed', 'info channel-added'],
      ['breaking channel-removed', 'info channel-added'],
    ],
    [
      'an operation',
      ({ operations }) => {
        delete operations.onPaid;
      },
      ['breaking receive-operation-removed'],
      ['info receive-operation-added'],
    ],
    [
      'a message that is sent beside another',
      ({ channels, components }) => {
        if (channels.placed) channels.placed.messages.Other = components.messages.OrderPlaced;
      },
      ['warning sent-message-added'],
      ['breaking sent-message-removed'],
    ],
    [
      'a message that is received beside another',
      ({ channels }) => {
        if (channels.payments) channels.payments.messages.Other = {};
      },
      ['info received-message-added'],
      ['breaking received-message-removed'],
    ],
    [
      'the name of the only message',
      ({ channels }) => {
        if (channels.payments)
          channels.payments.messages = { Payment: channels.payments.messages.Paid ?? {} };
      },
      [],
      [],
    ],
    [
      'a content type',
      (document) => {
        paid(document).contentType = 'application/cbor';
      },
      ['breaking message-content-type-changed'],
      ['breaking message-content-type-changed'],
    ],
    [
      'bindings',
      (document) => {
        paid(document).bindings = { kafka: { key: { type: 'string' }, bindingVersion: '0.5.0' } };
      },
      ['warning message-bindings-changed'],
      ['warning message-bindings-changed'],
    ],
    [
      'security of a server',
      ({ servers }) => {
        servers.main.security = [{ $ref: '#/components/messages/OrderPlaced' }];
      },
      ['breaking security-added'],
      ['info security-removed'],
    ],
    [
      'a server',
      ({ servers }) => {
        servers.main.host = 'other.example.com';
      },
      ['breaking server-removed', 'info server-added'],
      ['breaking server-removed', 'info server-added'],
    ],
    [
      'the values of a part of an address that is sent to',
      ({ channels }) => {
        if (channels.placed)
          Object.assign(channels.placed, { parameters: { customer: { enum: ['a', 'b'] } } });
      },
      ['info sent-parameter-enum-introduced'],
      ['breaking sent-parameter-enum-dropped'],
    ],
    [
      'the schema of another language',
      (document) => {
        paid(document).payload = {
          schemaFormat: 'application/vnd.apache.avro;version=1.9.0',
          schema: { type: 'int' },
        };
      },
      ['warning message-schema-format-changed'],
      ['warning message-schema-format-changed'],
    ],
    [
      'an answer',
      ({ operations }) => {
        Object.assign(operations.onPaid ?? {}, { reply: { channel: { $ref: '#/channels/placed' } } });
      },
      ['info send-operation-added'],
      ['breaking send-operation-removed'],
    ],
    [
      'an operation id',
      ({ operations }) => {
        operations.onPayment = operations.onPaid ?? {};
        delete operations.onPaid;
      },
      ['info operation-id-changed'],
      ['info operation-id-changed'],
    ],
  ])('tells of %s', (_, change, there, away) => {
    expect(rules(change)).toEqual(there);
    expect(back(change)).toEqual(away);
    const known = ruleNames('asyncapi');
    for (const one of [...there, ...away]) expect(known).toContain(one.split(' ')[1]);
  });

  it('compares schemas of other languages by their texts', () => {
    const avro = (name: string) =>
      three((document) => {
        const schema = { type: 'record', name, fields: [] };
        paid(document).payload = { schemaFormat: 'application/vnd.apache.avro+json;version=1.9.0', schema };
      });
    expect(compare(avro('A'), avro('A'))).toEqual([]);
    expect(compare(avro('A'), avro('B')).map(brief)).toEqual(['warning payload-not-compared']);
  });

  it('merges traits: what the message says goes first in 3.0, what the trait says in 2.x', () => {
    const trait = { contentType: 'application/cbor' };
    const change = (document: Document) =>
      Object.assign(paid(document), { contentType: 'text/plain', traits: [trait] });
    const contentTypeOf = (value: object) => {
      const api = read(value);
      const messages = api.kind === 'asyncapi' ? api.operations.get('receive payments')?.messages : undefined;
      return messages?.get('Paid')?.contentType;
    };
    expect(contentTypeOf(three((document) => void change(document)))).toBe('text/plain');
    const older = two();
    Object.assign(older.channels.payments.publish.message.oneOf[0] ?? {}, {
      contentType: 'text/plain',
      traits: [trait],
    });
    expect(contentTypeOf(older)).toBe('application/cbor');
  });

  it('may have payloads that lead back to themselves, and names of prototypes', () => {
    const tree = (more: object = {}) =>
      JSON.parse(
        JSON.stringify(
          three((document) => {
            document.components.schemas.Order = order(
              { next: { $ref: '#/components/schemas/Order' }, constructor: { type: 'string' } },
              more,
            );
          }),
        )
          .replaceAll('"Order"', '"__proto__"')
          .replaceAll('schemas/Order', 'schemas/__proto__'),
      );
    expect(compare(tree(), tree({ title: 'T' }))).toEqual([]);
    expect(compare(tree({ required: ['constructor'] }), tree()).map(brief)).toContain(
      'breaking sent-message-property-became-optional',
    );
  });

  it.each<[string, object, string, string]>([
    ['another version', { asyncapi: '1.2.0' }, '/asyncapi', 'found "1.2.0"'],
    [
      'no object as channel',
      { asyncapi: '2.6.0', channels: { a: 1 } },
      '/channels/a',
      'Expected an object, found 1',
    ],
    [
      'a reference to nothing',
      { asyncapi: '2.6.0', channels: { a: { publish: { message: { $ref: '#/components/messages/No' } } } } },
      '/channels/a/publish/message/$ref',
      'found nothing there',
    ],
    [
      'messages that lead only to one another',
      {
        asyncapi: '2.6.0',
        channels: { a: { publish: { message: { $ref: '#/components/messages/A' } } } },
        components: { messages: { A: { $ref: '#/components/messages/A' } } },
      },
      '/channels/a/publish/message',
      'in a circle',
    ],
    [
      'an action that is none',
      three(({ operations }) => {
        operations.x = { action: 'shout', channel: { $ref: '#/channels/placed' } };
      }),
      '/operations/x/action',
      'Expected send or receive, found "shout"',
    ],
    [
      'a payload that is no schema',
      three((document) => {
        paid(document).payload = { type: 'strnig' };
      }),
      '/channels/payments/messages/Paid/payload/type',
      'must be equal to one of',
    ],
  ])('with %s is refused', (_, value, pointer, detail) => {
    expect(() => read(value)).toThrow(
      expect.objectContaining({
        problems: expect.arrayContaining([{ pointer, detail: expect.stringContaining(detail) }]),
      }),
    );
  });
});
