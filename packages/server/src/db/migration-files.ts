import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../operator-error.ts';

/** One numbered SQL file. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /**
   * Code that does not know the migration of this number cannot work with what this one makes.
   *
   * A file that begins with `-- breaking before 12` says 12: versions that know 12 are its neighbours and
   * may run beside it. `-- breaking` says its own number: nobody who is older may. Without either it
   * only adds, and any older code works with it.
   */
  readonly needs: number | undefined;
  readonly sql: string;
}

/** The migrations that belong to this version of the code. */
export const migrationsFolder: string = join(import.meta.dirname, 'migrations');

/** Reads the `NNNN_name.sql` files of a folder, in order; the numbers are 1, 2, 3 without a gap. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(files.map((file, index) => readMigration(folder, file, index + 1)));
}

async function readMigration(folder: string, file: string, expected: number): Promise<Migration> {
  const parts = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
  const [, number, name] = parts ?? [];
  if (name === undefined || Number(number) !== expected) {
    throw new OperatorError(
      `The migration file ${file} should be named ${String(expected).padStart(4, '0')}_what_it_does.sql.`,
    );
  }
  const sql = await readFile(join(folder, file), 'utf8');
  return { number: expected, name, needs: neededBy(file, sql, expected), sql };
}

function neededBy(file: string, sql: string, number: number): number | undefined {
  const breaking = /^--\s*breaking\b(?:\s+before\s+(\d+)\b)?/.exec(sql);
  if (breaking === null) return undefined;
  const needs = Number(breaking[1] ?? number);
  if (needs >= 1 && needs <= number) return needs;
  throw new OperatorError(
    `The migration file ${file} is breaking before one that is not before it.`,
  );
}
