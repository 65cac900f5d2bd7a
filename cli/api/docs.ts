import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { ApiVersionPage } from '#apis/registry/version-schemas.ts';
import { call, callText } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { print } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';
import { apiPath } from './path.ts';

interface Options {
  from?: string;
  to?: string;
  format: 'md' | 'html' | 'both';
  output: string;
}

/** The two newest versions: what people usually go from and to. */
async function newestTwo(platform: Platform, api: string): Promise<string[]> {
  const page = await call(platform, {
    method: 'GET',
    path: apiPath(api, 'versions'),
    query: { limit: 2 },
    answer: ApiVersionPage,
  });
  return page.items.map(({ version }) => version).reverse();
}

/** `theseus api docs orders --from 1.0.0 --to 2.0.0 --output docs`. */
export const apiDocs = (): Command =>
  new Command('docs')
    .description('Write the changelog and the migration guide between two versions')
    .argument('<api>')
    .option('--from <version>', 'the one before the newest unless said')
    .option('--to <version>', 'the newest unless said')
    .addOption(
      new Option('--format <format>', 'of the files').choices(['md', 'html', 'both']).default('both'),
    )
    .option('--output <folder>', 'where they are written', '.')
    .action(async (api: string, options: Options, command: Command) => {
      const platform = await platformOf(command);
      const [older, newest] = options.from && options.to ? [] : await newestTwo(platform, api);
      const [from, to] = [options.from ?? older, options.to ?? newest];
      if (from === undefined || to === undefined || from === to) {
        throw new Failure(`${api} has no two versions to write about.`, {
          code: exitCode.refused,
          action: `Name them with --from and --to: npx theseus api versions ${api}`,
        });
      }
      await mkdir(options.output, { recursive: true });
      const endings = options.format === 'both' ? ['md', 'html'] : [options.format];
      for (const name of ['changelog', 'guide']) {
        for (const ending of endings) {
          const text = await callText(
            platform,
            apiPath(api, 'documents', `${from}..${to}`, `${name}.${ending}`),
          );
          const file = join(options.output, `${api}-${from}-to-${to}-${name}.${ending}`);
          await writeFile(file, text);
          print(file);
        }
      }
    });
