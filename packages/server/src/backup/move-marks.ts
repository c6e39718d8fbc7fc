import type { Client } from 'pg';
import { checkWalls } from '../db/check-walls.ts';
import { applyMigration, createRecord, moveUnderWay, readRecord } from '../db/migrate.ts';
import type { Migration } from '../db/migration-files.ts';
import { OperatorError } from '../operator-error.ts';
import { readTables } from './catalogue.ts';
import { refuseUnknown } from './refuse-unknown.ts';
import { dropTables, gatherStatistics, refuseFull } from './restore-backup.ts';
import { setAside } from './set-aside.ts';

/**
 * Makes the tables of the source, empty, and marks the database as half moved; unless it is already.
 *
 * What is taken off for loading is written down in it, so that whoever finishes knows.
 */
export async function prepareMove(
  target: Client,
  where: string,
  wanted: readonly string[],
  migrations: readonly Migration[],
): Promise<void> {
  refuseUnknown(wanted, migrations);
  await target.query('begin');
  if (await isUnderWay(target)) {
    const [, ...applied] = await readRecord(target);
    await target.query('rollback');
    if (applied.map(({ name }) => name).join() === wanted.join()) return;
    throw new OperatorError(
      `An unfinished move into ${where} was made from another version. Empty that database, then ` +
        'run the move again.',
    );
  }
  await target.query('rollback');
  await refuseFull(
    target,
    where,
    'Move into an empty database. If that is what an earlier move has filled, it is done: start the ' +
      'server on it.',
  );
  await target.query('begin');
  await dropTables(target, migrations);
  await createRecord(target);
  const made = migrations.slice(0, wanted.length);
  for (const migration of made) await applyMigration(target, migration);
  const tables = await readTables(target, made);
  const { undo } = await setAside(
    target,
    tables.map(({ name }) => name),
  );
  for (const { path } of tables) await target.query(`delete from ${path}`);
  await target.query(
    'create table parley_move (step integer primary key, statement text not null)',
  );
  await target.query(
    `insert into parley_move select step, statement
    from unnest($1::text[]) with ordinality as one (statement, step)`,
    [undo],
  );
  await target.query('insert into migration (number, name, breaking) values (0, $1, true)', [
    moveUnderWay,
  ]);
  await target.query('commit');
}

/** Puts back what was taken off, and lets servers in: one transaction. */
export async function finishMove(target: Client, migrations: readonly Migration[]): Promise<void> {
  await target.query('begin');
  try {
    const { rows } = await target.query<{ statement: string }>(
      'select statement from parley_move order by step',
    );
    for (const { statement } of rows) await target.query(statement);
    await target.query('drop table parley_move');
    await target.query('delete from migration where number = 0');
    const applied = await readRecord(target);
    for (const migration of migrations.slice(applied.length)) {
      await applyMigration(target, migration);
    }
    await checkWalls(target);
    await target.query('commit');
  } catch (error) {
    await target.query('rollback').catch(() => {});
    throw error;
  }
  await gatherStatistics(target);
}

async function isUnderWay(target: Client): Promise<boolean> {
  const { rows } = await target.query<{ there: boolean }>(
    "select to_regclass('parley_move') is not null as there",
  );
  return rows[0]?.there === true;
}
