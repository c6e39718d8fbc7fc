// Exits 0 when node_modules holds just what package-lock.json wants for this platform.
// Runs before anything is installed: nothing but Node may be imported here.
import { readFileSync } from 'node:fs';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly libc?: string | readonly string[];
}

type Locked = Readonly<Record<string, LockedPackage>>;

const wanted = readPackages('package-lock.json');
// npm writes this file last, so it is there only after a complete installation.
const installed = readPackages('node_modules/.package-lock.json');
const libc = hasGlibc() ? 'glibc' : 'musl';

process.exitCode = isComplete() && !hasLeftovers() ? 0 : 1;

function isComplete(): boolean {
  return Object.entries(wanted).every(([path, locked]) => {
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    if (found === undefined) return locked.optional === true && !isForThisPlatform(locked);
    return found.version === locked.version && found.integrity === locked.integrity;
  });
}

function hasLeftovers(): boolean {
  return Object.keys(installed).some((path) => wanted[path] === undefined);
}

function isForThisPlatform({ os, cpu, libc: libcs }: LockedPackage): boolean {
  // Without either it is only there for another platform's package.
  if (os === undefined && cpu === undefined) return false;
  if (process.platform === 'linux' && !allows(libcs, libc)) return false;
  return allows(os, process.platform) && allows(cpu, process.arch);
}

function allows(listed: string | readonly string[] | undefined, name: string): boolean {
  return listed === undefined || [listed].flat().includes(name);
}

function hasGlibc(): boolean {
  return JSON.stringify(process.report.getReport()).includes('"glibcVersionRuntime"');
}

function readPackages(file: string): Locked {
  // npm's own files: a wrong shape makes a comparison fail, and then npm repairs it.
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Locked };
  return packages;
}
