import { z } from 'zod';
import { ServiceContract } from '#compatibility/contract.ts';
import { Accept, VersionContent } from './schemas.ts';

// Apart from what is shown of versions: to read a contract takes validators that who only asks need not load.

/** What a version is registered with. */
export const NewVersion = VersionContent.extend({
  contract: ServiceContract.nullable().default(null),
  accept: Accept.default([]),
  reason: z.string().min(1).max(500).optional(),
})
  .superRefine(({ accept, reason, dependencies, contract }, context) => {
    if (accept.length > 0 && reason === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['reason'],
        message: 'Expected a reason for what is accepted',
      });
    }
    for (const [service, range] of Object.entries(contract?.dependencies ?? {})) {
      if (dependencies[service] === undefined || dependencies[service] === range) continue;
      context.addIssue({
        code: 'custom',
        path: ['dependencies', service],
        message: `Expected ${range} as in the contract, found ${dependencies[service]}`,
      });
    }
  })
  .meta({ id: 'NewServiceVersion' });
export type NewVersion = z.infer<typeof NewVersion>;
