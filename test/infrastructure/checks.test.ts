import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { SolutionsChecks } from '../../cdk/checks.ts';
import { connectorRelease } from '../../cdk/connector-release.ts';
import { root } from '../../cdk/constructs/repository.ts';
import { context } from './synthesised.ts';

const directory = mkdtempSync(join(tmpdir(), 'theseus-checks-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A network of its own without any way out, where the kernel lets us have one. */
const withoutNetwork = spawnSync('unshare', ['--net', 'true']).status === 0 ? ['unshare', '--net'] : [];

describe('npx cdk synth', () => {
  it('makes all environments offline, without credentials, findings or warnings', {
    timeout: 120_000,
  }, () => {
    const output = join(directory, 'cdk.out');
    const [command = 'npx', ...before] = [...withoutNetwork, 'npx'];
    const ran = spawnSync(command, [...before, 'cdk', 'synth', '--quiet', '--output', output], {
      cwd: root,
      encoding: 'utf8',
      timeout: 110_000,
      // No home, so no ~/.aws; no AWS variable; a proxy that nobody listens at.
      env: { PATH: process.env.PATH, HOME: directory, HTTPS_PROXY: 'http://127.0.0.1:9', NO_COLOR: '1' },
    });
    expect({
      status: ran.status,
      said: `${ran.stdout}${ran.stderr}`.replaceAll(/^Bundling asset .*\n/gm, ''),
    }).toEqual({
      status: 0,
      said: expect.stringMatching(/^Successfully synthesized to .+\n(Supply a stack id .+\n)?$/),
    });
    const stages = readdirSync(output).filter((name) => name.startsWith('assembly-'));
    expect(stages.sort()).toEqual(['assembly-dev', 'assembly-production', 'assembly-staging']);
    const report: unknown = JSON.parse(readFileSync(join(output, 'validation-report.json'), 'utf8'));
    expect(report).toMatchObject({ pluginReports: [] });
    expect(existsSync(join(directory, '.aws'))).toBe(false);
  });
});

describe('the checks', () => {
  it('pass the connector that is released', () => {
    expect(() =>
      connectorRelease({ outdir: join(directory, 'connector'), context: context() }).synth(),
    ).not.toThrow();
  });

  it('refuse a public bucket and a property that CloudFormation does not have', () => {
    const app = new App({ outdir: join(directory, 'faulty'), context: context() });
    const stack = new Stack(app, 'faulty');
    new CfnBucket(stack, 'Bucket').addPropertyOverride('BucketNaem', 'misspelt');
    Validations.of(app).addPlugins(new SolutionsChecks(app));
    expect(() => app.synth()).toThrow(/BucketNaem/);
    const report = readFileSync(join(directory, 'faulty', 'validation-report.json'), 'utf8');
    expect(report).toContain('BucketNaem');
    expect(report).toContain('AwsSolutions-S10');
  });
});
