// What `npm start` and `npm test` run first: checks the machine, installs what is missing, then does what was asked.
//   node bin/preflight.js demo/run.ts [arguments]
//   node bin/preflight.js --script test:all [arguments]
import { runFile, runScript } from './run.js';

const [first, ...rest] = process.argv.slice(2);
if (first === '--script' && rest[0]) await runScript(rest[0], rest.slice(1));
else if (first) await runFile(first, rest);
else {
  process.stderr.write('Say what to run: a file of this repository, or --script and the name of a script.\n');
  process.exitCode = 2;
}
