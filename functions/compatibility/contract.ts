import type { z } from 'zod';
import { Shape } from './contracts/shape.ts';
import { check } from './contracts/validity.ts';

/**
 * What a service promises: endpoints, events, and the services it needs. Refuses what is no JSON Schema, references that
 * lead nowhere, one endpoint or event twice, and what is larger or deeper than the limits, each with its path.
 */
export const ServiceContract = Shape.superRefine(check);
export type ServiceContract = z.infer<typeof ServiceContract>;
