import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { Registered, Upload } from '#apis/registry/version-schemas.ts';
import { call } from '../client.ts';
import { exitCode, Failure } from '../failure.ts';
import { colours, print, printJson } from '../output.ts';
import { type Platform, platformOf } from '../platform.ts';
import { printComparison } from './compare.ts';
import { apiPath } from './path.ts';
import { changesIn } from './registered-changes.ts';

interface Options {
  stability?: string;
  validateRequests?: boolean;
  changes?: string;
  accept: string[];
  reason?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** What goes with a request; anything larger is uploaded first. */
const largestInline = 700_000;
const uploadTimeoutMs = 120_000;
const collect = (value: string, former: string[]): string[] => [...former, value];

/** The text of a description. @throws Failure */
export async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      code: exitCode.usage,
      action: 'Expected the file of a description: OpenAPI, AsyncAPI, GraphQL or JSON Schema.',
    });
  }
}

/** Sends a description to where large ones go, and returns the id to register it by. @throws Failure */
export async function upload(platform: Platform, api: string, text: string): Promise<string> {
  const offered = await call(platform, {
    method: 'POST',
    path: apiPath(api, 'uploads'),
    body: { bytes: Buffer.byteLength(text) },
    answer: Upload,
  });
  const failed = (why: string) =>
    new Failure(`The upload failed: ${why}.`, {
      code: exitCode.unreachable,
      action: 'Run it again: nothing was registered.',
    });
  const sent = await fetch(offered.url, {
    method: 'PUT',
    body: Buffer.from(text),
    signal: AbortSignal.timeout(uploadTimeoutMs),
  }).catch((error: unknown) => {
    throw failed(error instanceof Error ? error.message : String(error));
  });
  if (!sent.ok) throw failed(`the store answered ${sent.status}`);
  return offered.upload;
}

/** `theseus api register orders 1.1.0 openapi.yaml`. Exit 3 when its number says less than it changes. */
export const apiRegister = (): Command =>
  new Command('register')
    .description('Register a version of an API from its description')
    .argument('<api>')
    .argument('<version>', '1.4.2, or a date such as 2026-03-01')
    .argument('<file>', 'OpenAPI, AsyncAPI, JSON Schema (JSON or YAML) or GraphQL SDL')
    .addOption(new Option('--stability <level>').choices(['draft', 'alpha', 'beta', 'stable']))
    .option('--validate-requests', 'the gateway holds bodies of requests against the description')
    .option('--changes <file>', 'what leads to it from the version before (YAML or JSON), or derived')
    .option('--accept <rule>', 'what is done on purpose: a rule, or out-of-order; several times', collect, [])
    .option('--reason <text>', 'why, for the audit trail; needed with --accept')
    .option('--dry-run', 'say what it changes; nothing is stored')
    .option('--json', 'print JSON')
    .action(async (api: string, version: string, file: string, options: Options, command: Command) => {
      const { stability, validateRequests = false, accept, reason, dryRun, json } = options;
      const text = await textOf(file);
      const changes = options.changes === 'derived' ? 'derived' : await changesIn(options.changes);
      const platform = await platformOf(command);
      const description =
        Buffer.byteLength(JSON.stringify(text)) <= largestInline
          ? { description: text }
          : { upload: await upload(platform, api, text) };
      const registered = await call(platform, {
        method: 'POST',
        path: apiPath(api, 'versions'),
        query: { dryRun: dryRun ? 'true' : undefined },
        body: {
          version,
          ...description,
          fileName: basename(file),
          stability,
          validateRequests,
          changes,
          accept,
          reason,
        },
        answer: Registered,
      });
      if (json) return printJson(registered);
      printComparison(registered.comparison);
      for (const { message } of registered.refused) print(colours.red(`Would be refused: ${message}`));
      if (dryRun) {
        if (registered.refused.length > 0) process.exitCode = exitCode.refused;
        return;
      }
      print(
        `${api} ${version} is registered${registered.served ? '' : '; the gateway will know within a minute'}.`,
      );
    });
