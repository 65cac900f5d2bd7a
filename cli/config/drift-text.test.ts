import { describe, expect, it } from 'vitest';
import { instanceLines, publicationLines } from './drift-text.ts';

const at = '2026-01-01T00:00:00.000Z';

describe('what is in force and ought not to be', () => {
  const instance = {
    ...{ of: 'instance' as const, id: 'i', service: 'checkout', environment: 'live', tenant: null },
    ...{ instance: 'one', reportedAt: at, since: at, namespace: 'shop', remediate: true },
    ...{ differences: [], document: null, remediatedAt: null },
  };

  it('at an instance is named by key, or by the ETag with the time since when', () => {
    const key = { namespace: 'shop', key: 'rate' };
    expect(instanceLines({ ...instance, differences: [{ key, stored: 3, inForce: null }] })).toEqual([
      `checkout one (live), since ${at}`,
      '  - shop/rate nothing in force',
      '  + shop/rate version 3 stored',
    ]);
    const document = { expected: 'new', inForce: 'old', behindSince: at };
    expect(instanceLines({ ...instance, document, remediatedAt: at }).slice(1)).toEqual([
      '  - shop with the ETag old in force',
      `  + shop with the ETag new stored, since ${at}`,
      `  told again at ${at}`,
    ]);
  });

  it('at AppConfig says whose deployment it is, and how to bring ours back', () => {
    const drift = {
      ...{ of: 'publication' as const, id: 'p', environment: 'live', service: 'checkout', since: at },
      ...{ expected: 2, problem: null, differences: [], remediate: false, remediatedAt: null },
      found: { deployment: 7, version: 3, label: 'by hand', complete: false, at },
    };
    expect(publicationLines(drift)).toEqual([
      `live.checkout at AppConfig: version 2 ought to be in force, deployment 7 has version 3 (by hand), which readers are getting now, since ${at}`,
      '  Bring it back with: npx theseus config publish checkout --environment live',
    ]);
    expect(
      publicationLines({ ...drift, found: null, problem: 'Nothing is in force', remediate: true }),
    ).toEqual([
      `live.checkout at AppConfig: version 2 ought to be in force, nothing is deployed, since ${at}`,
      '  Nothing is in force',
    ]);
  });
});
