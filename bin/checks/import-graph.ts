import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';
import { isTypeScript, type Sources } from './sources.ts';

/** One import or re-export of a file, of values or of types alike. */
export interface Import {
  readonly from: string;
  readonly line: number;
  /** As written: `./hub.ts`, `@parley/protocol`, `node:fs`. */
  readonly specifier: string;
  /** The file of this checkout that it names; nothing for libraries. */
  readonly file: string | undefined;
  /** Nothing of it is left when the program runs. */
  readonly typesOnly: boolean;
}

/** Every import in the TypeScript files of the checkout. */
export function readImports(sources: Sources): readonly Import[] {
  return [...sources].filter(([path]) => isTypeScript(path)).flatMap(importsOf);
}

function importsOf([from, text]: readonly [string, string]): Import[] {
  const { module } = parseSync(from, text);
  const requests = [
    ...module.staticImports,
    ...module.staticExports.map(({ entries }) => ({
      moduleRequest: entries[0]?.moduleRequest ?? undefined,
      entries,
    })),
    ...module.dynamicImports.map(({ moduleRequest }) => ({ moduleRequest, entries: [] })),
  ];
  return requests.flatMap(({ moduleRequest, entries }) => {
    if (moduleRequest === undefined) return [];
    const { start, end } = moduleRequest;
    const quoted = /^(['"`])(.+)\1$/.exec(text.slice(start, end));
    const specifier = quoted?.[2];
    if (specifier === undefined) return [];
    const line = text.slice(0, start).split('\n').length;
    const typesOnly = entries.length > 0 && entries.every(({ isType }) => isType);
    return [{ from, line, specifier, file: fileOf(from, specifier), typesOnly }];
  });
}

function fileOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  const ownPackage = /^@parley\/([a-z]+)$/.exec(specifier)?.[1];
  if (ownPackage === undefined) return undefined;
  return `packages/${ownPackage}/src/${ownPackage === 'server' ? 'main' : 'index'}.ts`;
}
