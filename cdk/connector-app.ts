import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { connectorRelease } from './connector-release.ts';

const settings = z.object({ context: z.record(z.string(), z.unknown()) });
const { context } = settings.parse(JSON.parse(readFileSync(new URL('../cdk.json', import.meta.url), 'utf8')));
connectorRelease({ outdir: 'cdk.out/connector', context }).synth();
