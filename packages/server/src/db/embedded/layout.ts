import { join } from 'node:path';

/** What lies where in the part of the data folder that PostgreSQL owns. */
export interface Layout {
  /** Mode 0700, PostgreSQL's user: nobody else gets any further. */
  readonly root: string;
  /** What initdb made. */
  readonly cluster: string;
  /** Copies of the binaries, a folder per version. */
  readonly binaries: string;
  readonly log: string;
  /** The socket's folder, unless its path is too long. */
  readonly run: string;
}

export function layoutOf(dataDir: string): Layout {
  const root = join(dataDir, 'postgres');
  return {
    root,
    cluster: join(root, 'cluster'),
    binaries: join(root, 'binaries'),
    log: join(root, 'postgres.log'),
    run: join(root, 'run'),
  };
}
