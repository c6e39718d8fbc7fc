import type { Client } from 'pg';
import { type DatabaseAddress, describeAddress } from '../db/address.ts';
import { underMigrationLock } from '../db/migrate.ts';
import { migrationsFolder, readMigrations } from '../db/migration-files.ts';
import { openSession } from '../db/postgres/connect.ts';
import { copyIn, copyOut } from '../db/postgres/copy.ts';
import { takeRoles } from '../db/take-roles.ts';
import { OperatorError } from '../operator-error.ts';
import { listed, type Table } from './catalogue.ts';
import { digestOf } from './digest.ts';
import { finishMove, prepareMove } from './move-marks.ts';
import type { Progress } from './progress.ts';
import { copyText, type Range, within } from './ranges.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';

/** Rows that are copied, or found to be there, at a time: what an interruption costs. */
const rowsPerStep = 20_000;

interface MoveInstallation {
  readonly folder?: string;
  readonly rowsPerStep?: number;
  readonly progress?: Progress;
  /** When it is aborted this ends; run again it goes on. */
  readonly signal?: AbortSignal;
}

/** What a move has done. */
export interface Moved {
  readonly rows: number;
  /** Rows that an earlier, interrupted move had brought already. */
  readonly found: number;
}

/**
 * Copies an installation into another database, which is ready for a server then; resumable.
 *
 * Take the node locks of both before. Each step is a transaction of its own. A move that was
 * interrupted goes on when it is run again: what is there already is compared with the source, and
 * copied anew where the source has changed. Until all is there and compared, the migration record keeps
 * servers of every version out of the target. The source is only read.
 */
export async function moveInstallation(
  from: DatabaseAddress,
  to: DatabaseAddress,
  options: MoveInstallation = {},
): Promise<Moved> {
  const {
    folder = migrationsFolder,
    progress = () => {},
    rowsPerStep: size = rowsPerStep,
    signal,
  } = options;
  const migrations = await readMigrations(folder);
  const source = await openSession(from, signal);
  try {
    const snapshot = await openSnapshot(source, { folder });
    const work = async (target: Client) => {
      await takeRoles(target);
      await prepareMove(target, describeAddress(to), snapshot.migrations, migrations);
      const total = { rows: 0, found: 0 };
      for (const table of snapshot.tables) {
        for await (const range of snapshot.ranges(table, size)) {
          const step = await moveRange({ snapshot, target, table, range }, progress);
          total.rows += step.rows;
          total.found += step.found;
        }
      }
      await compareAll(snapshot, target, progress);
      progress({ doing: 'Building indexes' });
      await finishMove(target, migrations);
      return total;
    };
    return await underMigrationLock(to, work, signal);
  } finally {
    await source.end().catch(() => {});
  }
}

interface Step {
  readonly snapshot: Snapshot;
  readonly target: Client;
  readonly table: Table;
  readonly range: Range;
}

async function moveRange(step: Step, progress: Progress): Promise<Moved> {
  const { snapshot, target, table, range } = step;
  const { rows: there } = await target.query<{ count: number }>(
    `select count(*) as count from ${table.path} where ${within(target, table, range)}`,
  );
  const found = there[0]?.count ?? 0;
  if (found > 0) {
    progress({ doing: 'Comparing', table: table.name });
    const ours = await digestOf(snapshot.rowsIn(table, range));
    const theirs = await digestOf(copyOut(target, copyText(target, table, range)));
    if (ours.rows === theirs.rows && ours.sha256 === theirs.sha256) return { rows: found, found };
  }
  await target.query('begin');
  if (found > 0)
    await target.query(`delete from ${table.path} where ${within(target, table, range)}`);
  const rows = await copyIn(
    target,
    `copy ${table.path} (${listed(target, table.columns)}) from stdin`,
    watched(snapshot.rowsIn(table, range), table.name, progress),
  );
  await target.query('commit');
  return { rows, found: 0 };
}

/** Every row of every table, read back from where it is now. */
async function compareAll(snapshot: Snapshot, target: Client, progress: Progress): Promise<void> {
  for (const table of snapshot.tables) {
    const hear = (bytes: number) => progress({ doing: 'Comparing', table: table.name, bytes });
    const [ours, theirs] = await Promise.all([
      digestOf(snapshot.rows(table), hear),
      digestOf(copyOut(target, copyText(target, table))),
    ]);
    if (ours.rows !== theirs.rows || ours.sha256 !== theirs.sha256) {
      throw new OperatorError(
        `The table "${table.name}" has ${ours.rows} rows here and ${theirs.rows} there, and they ` +
          'differ. Run the move again: it mends what differs. If that stays, empty that database first.',
      );
    }
  }
}

async function* watched(
  rows: AsyncGenerator<Buffer, number>,
  table: string,
  progress: Progress,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of rows) {
    bytes += piece.length;
    progress({ doing: 'Loading', table, bytes });
    yield piece;
  }
}
