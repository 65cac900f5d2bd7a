import { afterAll } from 'vitest';
import { stopAll } from './harness.ts';

// Vitest runs this for every test file; the harness is loaded once for all that share a process.
afterAll(stopAll);
