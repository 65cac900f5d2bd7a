import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';

// The same by api-smart-diff, from the folder that it was installed into.
const Answer = z.object({ diffs: z.array(z.object({ type: z.string().optional() })) });
const [old, next] = process.argv.slice(2, 4).map((path) => readFileSync(path, 'utf8'));
const { apiCompare } = createRequire(join(process.argv[4] ?? '', 'package.json'))('api-smart-diff');
const [start, cpu] = [performance.now(), process.cpuUsage()];
const answer: unknown = apiCompare(JSON.parse(old ?? ''), JSON.parse(next ?? ''));
const seconds = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const { diffs } = Answer.parse(answer);
const breaking = diffs.filter(({ type }) => type === 'breaking').length;
console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, changes: diffs.length, breaking }));
