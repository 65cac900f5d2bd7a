import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** One import of a file. `names` are what it takes as values: exported names, `*` for everything. */
export type Import = { specifier: string; file?: string; names: string[]; typeOnly: boolean };
/** A source file, its path relative to the root with `/`, its imports, and calls that read time or chance. */
export type SourceFile = { path: string; imports: Import[]; ambient: string[] };

const EXTENSIONS = /\.(ts|mts|js|mjs)$/;

/** All source files of the folders that exist below `root`, parsed. @throws Error naming a file that does not parse. */
export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  const aliases: Record<string, string> =
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).imports ?? {};
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => filesBelow(join(root, folder)))
    .map((file) => {
      const path = relative(root, file).split(sep).join('/');
      try {
        return parse(path, readFileSync(file, 'utf8'), aliases);
      } catch (cause) {
        throw new Error(
          `${path} cannot be parsed: ${cause instanceof Error ? cause.message : String(cause)}`,
          { cause },
        );
      }
    });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'node_modules' || name === 'cdk.out') return [];
    if (statSync(path).isDirectory()) return filesBelow(path);
    return EXTENSIONS.test(name) && !name.endsWith('.d.ts') ? [path] : [];
  });
}

/** What is needed here of a syntax tree's node; the tree has many more kinds. */
type Node = { type: string; [field: string]: unknown };

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
const nameOf = (node: unknown): string => (isNode(node) ? String(node.name ?? node.value ?? '') : '');

function parse(path: string, text: string, aliases: Record<string, string>): SourceFile {
  const imports: Import[] = [];
  const ambient: string[] = [];
  visit(parseAst(text, { lang: /\.m?ts$/.test(path) ? 'ts' : 'js' }), (node) => {
    const found = importIn(node);
    if (found) imports.push({ ...found, ...resolved(path, found.specifier, aliases) });
    const use = ambientUse(node);
    if (use) ambient.push(use);
  });
  return { path, imports, ambient };
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const element of value) visit(element, see);
  else if (isNode(value)) {
    see(value);
    for (const inner of Object.values(value)) if (typeof inner === 'object') visit(inner, see);
  }
}

function importIn(node: Node): Omit<Import, 'file'> | undefined {
  const source = isNode(node.source) && typeof node.source.value === 'string' ? node.source.value : undefined;
  if (source === undefined) return undefined;
  switch (node.type) {
    case 'ImportExpression':
    case 'ExportAllDeclaration':
      return { specifier: source, names: ['*'], typeOnly: node.exportKind === 'type' };
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration': {
      const kind = node.type === 'ImportDeclaration' ? 'importKind' : 'exportKind';
      const specifiers = Array.isArray(node.specifiers) ? node.specifiers.filter(isNode) : [];
      const values = node[kind] === 'type' ? [] : specifiers.filter((one) => one[kind] !== 'type');
      const names = values.map((one) => {
        if (one.type === 'ImportNamespaceSpecifier') return '*';
        if (one.type === 'ImportDefaultSpecifier') return 'default';
        return nameOf(one.imported ?? one.local);
      });
      return {
        specifier: source,
        names,
        typeOnly: node[kind] === 'type' || (specifiers.length > 0 && values.length === 0),
      };
    }
    default:
      return undefined;
  }
}

function resolved(from: string, specifier: string, aliases: Record<string, string>): { file?: string } {
  if (specifier.startsWith('.')) return { file: posix.join(dirname(from), specifier) };
  for (const [alias, target] of Object.entries(aliases)) {
    const prefix = alias.replace('*', '');
    if (specifier.startsWith(prefix))
      return { file: posix.normalize(target.replace('*', specifier.slice(prefix.length))) };
  }
  return {};
}

/** `Date.now()`, `new Date()` without a moment, `Math.random()`, `performance.now()`, `randomUUID()`. */
function ambientUse(node: Node): string | undefined {
  const callee = isNode(node.callee) ? node.callee : undefined;
  if (!callee) return undefined;
  if (node.type === 'NewExpression') {
    const bare = nameOf(callee) === 'Date' && Array.isArray(node.arguments) && node.arguments.length === 0;
    return bare ? 'new Date()' : undefined;
  }
  if (node.type !== 'CallExpression') return undefined;
  const called =
    callee.type === 'MemberExpression'
      ? `${nameOf(callee.object)}.${nameOf(callee.property)}`
      : nameOf(callee);
  const known = [
    'Date.now',
    'Date',
    'Math.random',
    'performance.now',
    'crypto.randomUUID',
    'crypto.getRandomValues',
    'randomUUID',
    'randomBytes',
  ];
  return known.includes(called) ? `${called}()` : undefined;
}
