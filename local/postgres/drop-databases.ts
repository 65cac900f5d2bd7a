import { afterAll } from 'vitest';
import { dropDatabases } from './shared.ts';

// Vitest runs this for every test file, also where files share their process and load a module once.
afterAll(dropDatabases);
