import type { Import } from './import-graph.ts';
import { inServer, type Layer, layerOf, librariesAtHome, mayImport } from './layers.ts';

/** Imports that go against the order of the rooms; each finding says where and what. */
export function importRuleFindings(imports: readonly Import[]): string[] {
  return imports.flatMap((one) => {
    const objection = one.file === undefined ? toLibrary(one) : toFile(one, one.file);
    return objection === undefined ? [] : [`${one.from}:${one.line}: ${objection}`];
  });
}

function toFile({ from, specifier }: Import, file: string): string | undefined {
  const [layer, target] = [layerOf(from), layerOf(file)];
  if (!mayImport[layer].includes(target)) return `${nameOf(layer)} may not import ${file}`;
  const other = layer === 'adapter' && target === 'adapter' && topFolder(from) !== topFolder(file);
  if (other && !sharesConnection(from, file)) {
    return `one adapter may not import another, ${file}`;
  }
  if (layer !== 'outside' && specifier.startsWith('.') && packageOf(from) !== packageOf(file)) {
    return `import ${file} by the name of its package`;
  }
  return undefined;
}

/** What is kept in Redis stands on the one connection to it; nodes and backups work on the database. */
function sharesConnection(from: string, file: string): boolean {
  const own = inServer(from) ?? '';
  if (topFolder(file) === 'db') return /^(nodes|backup)\//.test(own);
  return topFolder(file) === 'redis' && redisAdapters.test(own);
}

const redisAdapters = /^(bus|limits|presence\/store)\/redis(-[a-z-]+)?\.ts$/;

function toLibrary({ from, specifier }: Import): string | undefined {
  switch (layerOf(from)) {
    case 'outside':
    case 'main':
      return undefined;
    case 'protocol':
    case 'client':
      return `${nameOf(layerOf(from))} may not import ${specifier}: it has no library`;
    case 'web':
      return specifier.startsWith('node:') ? 'the page runs in browsers, not in Node' : undefined;
    default:
      return awayFromHome(from, specifier);
  }
}

function awayFromHome(from: string, specifier: string): string | undefined {
  const path = inServer(from) ?? '';
  const rule = librariesAtHome.find(({ library }) => library.test(specifier));
  return rule === undefined || rule.home.test(path)
    ? undefined
    : `${specifier} is at home in ${rule.home.source} only`;
}

function nameOf(layer: Layer): string {
  return layer === 'ground' ? 'a file beside main.ts' : `the layer "${layer}"`;
}

function packageOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

function topFolder(path: string): string | undefined {
  return inServer(path)?.split('/')[0];
}
