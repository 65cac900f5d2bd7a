import { readFileSync } from 'node:fs';
import { compareDescriptions, readDescription } from '#compatibility/descriptions.ts';

// Both descriptions read and checked and compared once, in a process that has done nothing else.
const [old, next] = process.argv.slice(2, 4).map((path) => readFileSync(path, 'utf8'));
const [start, cpu] = [performance.now(), process.cpuUsage()];
const { changes } = compareDescriptions(readDescription(old ?? ''), readDescription(next ?? ''), {
  today: '2026-11-22',
});
const { user, system } = process.cpuUsage(cpu);
const breaking = changes.filter(({ level }) => level === 'breaking').length;
console.log(
  JSON.stringify({
    seconds: (performance.now() - start) / 1_000,
    cpu: (user + system) / 1e6,
    changes: changes.length,
    breaking,
  }),
);
