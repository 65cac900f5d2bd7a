import { afterAll } from 'vitest';
import { closeShops } from '../chaos/shop.ts';
import { stopAll as stopWorkflowPlatforms } from '../workflows/harness.ts';
import { stopAll } from './platform.ts';

// Vitest runs this for every test file; these modules are loaded once for all that share a process.
afterAll(stopAll);
afterAll(stopWorkflowPlatforms);
afterAll(closeShops);
