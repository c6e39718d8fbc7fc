import type { Migration } from '../db/migration-files.ts';
import { OperatorError } from '../operator-error.ts';

/** Refuses rows whose schema these migrations do not make; `version` is that of the Parley they had. */
export function refuseUnknown(
  made: readonly string[],
  migrations: readonly Migration[],
  version = 'another version',
): void {
  for (const [index, name] of made.entries()) {
    const ours = migrations[index];
    if (ours === undefined) {
      throw new OperatorError(
        `It is of Parley ${version}, which is newer than this one: its schema has ${made.length} ` +
          `migrations, of which this one knows ${migrations.length}. Use that version, or a newer one.`,
      );
    }
    if (ours.name !== name) {
      throw new OperatorError(
        `Its migration ${index + 1} is "${name}", here it is "${ours.name}": it was made by another ` +
          'branch of Parley. Use that one.',
      );
    }
  }
}
