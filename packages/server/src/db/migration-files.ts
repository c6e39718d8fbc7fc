import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../operator-error.ts';

/** One numbered SQL file. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /** Older code cannot work with what this one makes: the file's first line is `-- breaking`. */
  readonly breaking: boolean;
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
  return { number: expected, name, breaking: /^--\s*breaking\b/.test(sql), sql };
}
