import { expect, it } from 'vitest';
import { ConsumerContract } from '../functions/compatibility/consumers.ts';
import { ServiceContract } from '../functions/compatibility/contract.ts';
import { rulesDocument } from './compatibility-rules.ts';

it('docs/compatibility.md lists the rules of the code; node bin/compatibility-rules.ts writes them', () => {
  const { found, expected } = rulesDocument();
  expect(found).toBe(expected);
});

it('docs/compatibility.md shows contracts that are read', () => {
  const blocks = [...rulesDocument().found.matchAll(/```json\n(.*?)```/gs)].map(([, text]) =>
    JSON.parse(text ?? ''),
  );
  expect(blocks.length).toBe(2);
  expect(ServiceContract.safeParse(blocks[0]).error).toBeUndefined();
  expect(ConsumerContract.safeParse(blocks[1]).error).toBeUndefined();
});
