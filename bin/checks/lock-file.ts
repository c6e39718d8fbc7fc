import type { Sources } from './sources.ts';

type Versions = Readonly<Record<string, string>>;

interface Manifest {
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly peerDependencies?: Versions;
}

const kinds = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
] as const;

/** Dependencies that are not exact, or that package-lock.json does not know as they are. */
export function lockFileFindings(sources: Sources): string[] {
  const lock = JSON.parse(sources.get('package-lock.json') ?? '{}') as {
    readonly packages?: Readonly<Record<string, Manifest>>;
  };
  return [...sources].flatMap(([path, text]) => {
    const folder = /^(|packages\/[^/]+\/)package\.json$/.exec(path)?.[1]?.slice(0, -1);
    if (folder === undefined) return [];
    return manifestFindings(path, JSON.parse(text) as Manifest, lock.packages?.[folder] ?? {});
  });
}

function manifestFindings(path: string, manifest: Manifest, locked: Manifest): string[] {
  return kinds.flatMap((kind) => {
    const [wanted, known] = [manifest[kind] ?? {}, locked[kind] ?? {}];
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(known)])];
    return names.flatMap((name) => {
      const version = wanted[name];
      if (version !== undefined && kind !== 'peerDependencies' && !isExact(version)) {
        return [`${path}: ${name} "${version}" is not an exact version`];
      }
      return version === known[name]
        ? []
        : [`${path}: ${name} is not in package-lock.json as it is here; run npm install`];
    });
  });
}

function isExact(version: string): boolean {
  return /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version);
}
