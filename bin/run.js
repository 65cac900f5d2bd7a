import { spawn } from 'node:child_process';
import module from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  CannotRun,
  checkMachine,
  findNode,
  install,
  isInstalled,
  rememberedNode,
  rememberNode,
  thisMachine,
} from './prepare.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Compiled code between runs: every command starts a third faster. Where it cannot be written, Node does without. */
const compileCache = join(root, 'node_modules', '.cache', 'compiled');

/** Runs a command to its end and ends this process the way it ended. */
function become(command, args, options) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  // A terminal sends Ctrl-C to the child as well; anything else reaches only this process and is passed on.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`${command} could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.once('close', (code, signal) => {
    if (!signal) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

async function checkedNode() {
  checkMachine(thisMachine());
  if (!isInstalled(root)) await install(root);
  const node = findNode(root);
  rememberNode(root, node);
  return node;
}

async function prepared(action) {
  try {
    await action(rememberedNode(root) ?? (await checkedNode()));
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Runs a TypeScript file of this repository under Node 24, in this very process where that is what it runs on. */
export function runFile(file, args) {
  return prepared(async (node) => {
    const path = join(root, file);
    if (node === process.execPath) {
      module.enableCompileCache?.(compileCache);
      // For the processes that this one starts.
      process.env.NODE_COMPILE_CACHE ??= compileCache;
      process.argv.splice(1, process.argv.length, path, ...args);
      await import(pathToFileURL(path).href);
    } else {
      const follow = pathToFileURL(join(root, 'bin', 'follow.js')).href;
      become(node, ['--import', follow, path, ...args], {
        stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
        env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
      });
    }
  });
}

/** Runs a script of package.json, with Node 24 first on its PATH. */
export function runScript(name, args) {
  return prepared((node) => {
    const path = [
      join(root, 'node_modules', '.bin'),
      ...(node.includes('/') ? [dirname(node)] : []),
      process.env.PATH,
    ].join(delimiter);
    const npm = process.env.npm_execpath;
    const first = npm?.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm'];
    become(first[0], [...first.slice(1), 'run', '--silent', name, '--', ...args], {
      cwd: root,
      env: { ...process.env, PATH: path },
      shell: first[0] === 'npm' && process.platform === 'win32',
    });
  });
}
