import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The text below, which the bundler puts here: a bundle has no packages beside it. See cdk/constructs/handler-code.ts. */
declare const JSONATA_SOURCE: string | undefined;

/** The text of the package jsonata: it has to be loaded where its promises can be ended, which no import can do. */
export const jsonataSource: string =
  typeof JSONATA_SOURCE === 'string'
    ? JSONATA_SOURCE
    : readFileSync(createRequire(import.meta.url).resolve('jsonata/jsonata.min.js'), 'utf8');
