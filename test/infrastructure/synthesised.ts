import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App, AppProps } from 'aws-cdk-lib';
import { afterAll } from 'vitest';
import { z } from 'zod';
import { ACCOUNT, REGION } from '#local/step-functions/arns.ts';
import { application } from '../../cdk/application.ts';
import { connectorRelease } from '../../cdk/connector-release.ts';
import { root } from '../../cdk/constructs/repository.ts';
import type { StageName } from '../../cdk/environments.ts';

const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });
const templateSchema = z.object({
  Parameters: z.record(z.string(), z.looseObject({ Type: z.string() })).default({}),
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      Metadata: z.record(z.string(), z.unknown()).default({}),
      DeletionPolicy: z.string().optional(),
      UpdateReplacePolicy: z.string().optional(),
    }),
  ),
  Outputs: z.record(z.string(), z.unknown()).default({}),
});
export type Template = z.infer<typeof templateSchema>;
export type Resource = Template['Resources'][string];

/** A collector as an operator would name it: nobody listens there, and its secret is nowhere. */
export const telemetrySettings = {
  endpoint: 'http://127.0.0.1:9',
  headersSecretArn: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:telemetry/headers-AbCdEf`,
};

/** The flags of cdk.json, and no bundling: what is in the functions is another test's matter. */
export function context(theseus?: unknown): Record<string, unknown> {
  const { context: flags } = cdkJson.parse(JSON.parse(readFileSync(`${root}cdk.json`, 'utf8')));
  return { ...flags, 'aws:cdk:bundling-stacks': [], ...(theseus === undefined ? {} : { theseus }) };
}

/** Assemblies of this test file. */
const made: string[] = [];
afterAll(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** Without the validator of CloudFormation, which takes most of the time; checks.test.ts runs it. */
function props(theseus?: unknown): AppProps {
  const outdir = mkdtempSync(join(tmpdir(), 'theseus-synth-'));
  made.push(outdir);
  return { outdir, context: context(theseus), builtinCloudFormationValidation: false };
}

function templatesOf(app: App): Map<string, Template> {
  const assembly = app.synth();
  const stacks = [
    ...assembly.stacks,
    ...assembly.nestedAssemblies.flatMap((each) => each.nestedAssembly.stacks),
  ];
  return new Map(stacks.map((stack) => [stack.hierarchicalId, templateSchema.parse(stack.template)]));
}

/**
 * The templates of these environments by path, for example `dev/service`, synthesised in this process. Throws
 * when AwsSolutions finds anything.
 */
export function synthesise(stages: StageName[], theseus?: unknown): Map<string, Template> {
  return templatesOf(application(props(theseus), stages));
}

/** One environment as it is uploaded: its templates, and the directory that holds the functions' bundles. */
export function synthesiseWithBundles(
  stage: StageName,
  theseus?: unknown,
): {
  templates: Map<string, Template>;
  directory: string;
} {
  const whole = props(theseus);
  const app = application({ ...whole, context: { ...whole.context, 'aws:cdk:bundling-stacks': ['**'] } }, [
    stage,
  ]);
  return { templates: templatesOf(app), directory: app.outdir };
}

/** The connector's plain template. */
export function synthesiseRelease(): Template {
  const [template] = templatesOf(connectorRelease(props())).values();
  if (template === undefined) throw new Error('The release has no stack');
  return template;
}

/** One template; throws when there is none at this path. */
export function stackOf(templates: Map<string, Template>, path: string): Template {
  const template = templates.get(path);
  if (template === undefined) throw new Error(`No stack ${path} among ${[...templates.keys()].join(', ')}`);
  return template;
}

export function resourcesOf(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}
