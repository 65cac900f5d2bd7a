import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { FunctionName } from '#migrations/functions.ts';
import { handlerCode } from '../../cdk/constructs/handler-code.ts';
import { entryOf } from '../../cdk/slices/migration-tasks.ts';

/** Bundles one function exactly as a deployment does and copies the result into `directory`. */
export function bundleInto(name: FunctionName, directory: string): void {
  const outdir = mkdtempSync(join(tmpdir(), 'theseus-bundle-'));
  const app = new App({ outdir });
  const code = handlerCode({ [name]: entryOf(name) })(name);
  const handler = new LambdaFunction(new Stack(app, 'Bundle'), 'Function', {
    code,
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
  });
  const { directory: assembly } = app.synth();
  const asset = handler.node.findAll().find((each) => each instanceof Asset);
  if (asset === undefined) throw new Error(`${name} was not bundled into ${assembly}`);
  cpSync(`${assembly}/${asset.assetPath}`, directory, { recursive: true });
  rmSync(outdir, { recursive: true, force: true });
}
