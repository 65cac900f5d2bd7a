import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { startMortal } from './platform.ts';
import { openShop, schemaOf } from './shop.ts';

/** How long until the next blow, ms after the platform answers, and what it is. */
const blow = fc.record({
  afterMs: fc.integer({ min: 0, max: 900 }),
  kind: fc.constantFrom('kill' as const, 'kill' as const, 'freeze' as const, 'rollback' as const),
});

it('killed, frozen and called back at random moments: ends completed or rolled back, every row right', async () => {
  const until = Date.now() + 25_000;
  await fc.assert(
    fc.asyncProperty(fc.array(blow, { minLength: 1, maxLength: 4 }), async (blows) => {
      if (Date.now() > until) return;
      const shop = await openShop(300);
      const before = await schemaOf(shop.sql);
      const platform = await startMortal(shop.url);
      try {
        shop.open('old', null);
        const planned = await platform.plan('05-shop.yaml', { soakSeconds: 0, ranges: 2 });
        const { id } = planned;
        await platform.start(planned);
        for (const { afterMs, kind } of blows) {
          await sleep(afterMs);
          if (kind === 'kill') await platform.kill();
          else if (kind === 'rollback') await platform.ask('POST', `/migrations/${id}/rollback`, {});
          else {
            platform.freeze();
            await sleep(300);
            platform.thaw();
          }
        }
        const over = ['completed', 'rolled_back', 'cancelled'] as const;
        const ended = await platform.until(id, 'an end', ({ status }) => over.some((one) => one === status));
        await shop.close('old');
        expect(shop.errors()).toEqual([]);
        expect(await shop.check('old')).toMatchObject({ wrong: [] });
        if (ended.status === 'completed') {
          const schema = ended.versionSchema ?? '';
          expect(await shop.check({ schema })).toMatchObject({ wrong: [] });
        } else expect(await schemaOf(shop.sql)).toEqual(before);
      } finally {
        await shop.close('old');
        await platform.stop();
      }
    }),
    { numRuns: 8, endOnFailure: true },
  );
});
