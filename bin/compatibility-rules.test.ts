import { expect, it } from 'vitest';
import { ConsumerContract } from '../functions/compatibility/consumers.ts';
import { ServiceContract } from '../functions/compatibility/contract.ts';
import { documents, rulesDocument } from './compatibility-rules.ts';

it.each(documents)(
  'docs/%s lists the rules of the code; node bin/compatibility-rules.ts writes them',
  (name) => {
    const { found, expected } = rulesDocument(name);
    expect(found).toBe(expected);
  },
);

it('docs/compatibility.md shows contracts that are read', () => {
  const blocks = [...rulesDocument('compatibility.md').found.matchAll(/```json\n(.*?)```/gs)].map(
    ([, text]) => JSON.parse(text ?? ''),
  );
  expect(blocks.length).toBe(2);
  expect(ServiceContract.safeParse(blocks[0]).error).toBeUndefined();
  expect(ConsumerContract.safeParse(blocks[1]).error).toBeUndefined();
});
