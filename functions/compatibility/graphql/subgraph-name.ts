import { z } from 'zod';

export const SubgraphName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'Expected lower-case letters, digits and hyphens, at most 63');
