#!/usr/bin/env node
import { runFile } from './run.js';

await runFile('cli/theseus.ts', process.argv.slice(2));
