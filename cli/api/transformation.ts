import { Command, InvalidArgumentError } from 'commander';
import { numberOf } from '../number.ts';
import type { CheckAsked, DeriveAsked } from './transformation-files.ts';

const older = 'the older version: a file with OpenAPI or a JSON Schema';

/** A whole number from 1 on. @throws InvalidArgumentError */
const upTo =
  (most: number) =>
  (text: string): number => {
    const number = numberOf(text);
    if (Number.isSafeInteger(number) && number >= 1 && number <= most) return number;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}, found "${text}".`);
  };

/** `theseus api transformation derive old.yaml new.yaml > changes.yaml`: needs no platform. */
export const transformationDerive = (): Command =>
  new Command('derive')
    .description('Write the changes between two versions as far as they are mechanical; needs no platform')
    .argument('<old>', older)
    .argument('<new>', 'the newer version')
    .option('--output <file>', 'write the changes there instead of to the terminal, as YAML')
    .option('--json', 'print one JSON object: changes, how sure each is, and what is open')
    .action(async (old: string, next: string, options: DeriveAsked) => {
      const { deriveFiles } = await import('./transformation-files.ts');
      await deriveFiles(old, next, options);
    });

/** `theseus api transformation check old.yaml new.yaml changes.yaml`: needs no platform. Exit 1 when a document shows a fault. */
export const transformationCheck = (): Command =>
  new Command('check')
    .description('Try changes on documents made of the schemas of two versions; needs no platform')
    .argument('<old>', older)
    .argument('<new>', 'the newer version')
    .argument('<changes>', 'YAML or JSON: the list of changes, the oldest first')
    .option('--runs <number>', 'documents for each endpoint and list', upTo(100_000), 100)
    .option('--seed <number>', 'the same seed makes the same documents', upTo(2_147_483_647), 1)
    .option('--json', 'print one JSON object')
    .action(async (old: string, next: string, changes: string, options: CheckAsked) => {
      const { checkFiles } = await import('./transformation-files.ts');
      await checkFiles(old, next, changes, options);
    });
