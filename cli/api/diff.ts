import { Command, Option } from 'commander';
import type { DiffAsked } from './diff-files.ts';

/**
 * `theseus api diff old.yaml new.yaml`: what breaks who uses an API; needs no platform. Exit 1 when there is a change of
 * --fail-on or worse, 2 when a file cannot be read.
 */
export const apiDiff = (): Command =>
  new Command('diff')
    .description('Say what changed between two descriptions of an API, and whom it breaks; needs no platform')
    .argument(
      '<old>',
      'OpenAPI, AsyncAPI, GraphQL or JSON Schema: a file; references to other files are followed',
    )
    .argument('<new>', 'the same kind')
    .addOption(
      new Option('--format <format>', 'text, json, markdown or sarif')
        .choices(['text', 'json', 'markdown', 'sarif'])
        .default('text'),
    )
    .option('--json', 'the same as --format json')
    .addOption(
      new Option(
        '--fail-on <level>',
        'exit with 1 when a change is breaking, or at least a warning, or never',
      )
        .choices(['breaking', 'warning', 'never'])
        .default('breaking'),
    )
    .option('--levels <file>', 'YAML or JSON: levels of rules, each with its reason')
    .option('--usage <file>', 'JSON: what consumers used; what nobody used does not break')
    .addOption(
      new Option('--mode <mode>', 'of JSON Schemas: who has to go on with whose documents').choices([
        'NONE',
        'BACKWARD',
        'FORWARD',
        'FULL',
      ]),
    )
    .addOption(
      new Option(
        '--content <content>',
        'of JSON Schemas: strict when open objects may have had anything under a name',
      ).choices(['lenient', 'strict']),
    )
    .option('--output <file>', 'write there instead of to the terminal')
    .action(async (old: string, next: string, options: DiffAsked) => {
      // What reads descriptions takes longer to load than all other verbs.
      const { diffFiles } = await import('./diff-files.ts');
      await diffFiles(old, next, options);
    });
