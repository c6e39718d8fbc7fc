import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Text of the checkout by path, relative to its root and with `/` between names. */
export type Sources = ReadonlyMap<string, string>;

const foreignFolders = new Set(['.git', '.node', '.cache', 'node_modules', 'dist', 'data']);

/** Reads every text file that people write, committed or not; what is installed or built is left out. */
export function readSources(root: string): Sources {
  const sources = new Map<string, string>();
  for (const path of walk(root, '')) {
    const content = readFileSync(join(root, path));
    if (!content.includes(0)) sources.set(path, content.toString('utf8'));
  }
  return sources;
}

export function isTypeScript(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.endsWith('.d.ts');
}

/** What only tests load: tests, contract suites and the folders of things made for tests. */
export function isTestCode(path: string): boolean {
  return /(\.(test|contract)\.tsx?$|(^|\/)tests?(ing)?\/|^e2e\/)/.test(path);
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort(byName)) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !foreignFolders.has(entry.name)) yield* walk(root, path);
    if (entry.isFile()) yield path;
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}
