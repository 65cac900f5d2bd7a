import { expect, it } from 'vitest';
import { adoptionOf } from './adoption.ts';
import { chartOf } from './chart.ts';

const consumer = (name: string, version: string, lastSeen: string) => ({
  consumer: name,
  version,
  lastSeen,
  endpoints: [],
});
const recorded = {
  days: [
    { day: '2026-03-01', version: '1.0.0', requests: 90, consumers: 2 },
    { day: '2026-03-01', version: '2.0.0', requests: 10, consumers: 1 },
    { day: '2026-03-03', version: '2.0.0', requests: 100, consumers: 2 },
    { day: '2026-03-03', version: '0.1.0', requests: 200, consumers: 1 },
  ],
  usage: {
    from: '2026-03-01T00:00:00Z',
    to: '2026-03-03T12:00:00Z',
    sampled: 0.1,
    consumers: [
      consumer('a', '1.0.0', '2026-03-01T10:00:00Z'),
      consumer('b', '1.0.0', '2026-03-01T11:00:00Z'),
      consumer('a', '2.0.0', '2026-03-03T11:00:00Z'),
    ],
  },
};

it('says by version and by day who asked for what', () => {
  const found = adoptionOf('orders', ['1.0.0', '2.0.0', '3.0.0'], recorded);
  expect(found.versions).toMatchObject([
    { version: '0.1.0', requests: 200, share: 0.5, consumers: [] },
    { version: '1.0.0', requests: 90, share: 0.225, consumers: [{ consumer: 'b' }, { consumer: 'a' }] },
    { version: '2.0.0', requests: 110, consumers: [{ consumer: 'a' }] },
    { version: '3.0.0', requests: 0, share: 0 },
  ]);
  expect(found.days.map(({ day, versions }) => [day, versions.map(({ version }) => version)])).toEqual([
    ['2026-03-01', ['1.0.0', '2.0.0']],
    ['2026-03-02', []],
    ['2026-03-03', ['0.1.0', '2.0.0']],
  ]);
});

it('is a picture that says what it shows, and no script whatever an API is called', () => {
  const found = adoptionOf('<script>&"', ['1.0.0', '2.0.0'], recorded);
  const svg = chartOf(found);
  expect(svg).toContain('role="img" aria-labelledby="title description"');
  expect(svg).toMatch(/<desc id="description">[^<]*2\.0\.0: 28 % \(110 requests\)/);
  expect(svg).not.toContain('<script');
  // A bar for each version of each day, and a box of the legend for each version.
  expect(svg.match(/<rect x=/g)).toHaveLength(4 + 3);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

it('shows no requests, and many versions, without falling over', () => {
  const none = chartOf(adoptionOf('orders', [], { ...recorded, days: [] }));
  expect(none).toContain('Nobody called');
  expect(none).not.toMatch(/NaN|Infinity/);
  const versions = Array.from({ length: 30 }, (_, at) => `${at + 1}.0.0`);
  const days = versions.map((version) => ({ day: '2026-03-02', version, requests: 1e9, consumers: 1 }));
  const many = chartOf(adoptionOf('orders', versions, { ...recorded, days }));
  expect(many).toContain('older');
  expect(many).toContain('30.0.0');
});
