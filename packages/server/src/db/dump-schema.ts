import type { Client } from 'pg';
import {
  dumpColumns,
  dumpConstraints,
  dumpGrants,
  dumpIndexes,
  dumpOthers,
  dumpPolicies,
  dumpTables,
} from './schema-queries.ts';

/**
 * Writes the schema of a database down as SQL-like text, the same for the same schema.
 *
 * It is for people and for comparing, not for running: tables, columns, constraints, indexes,
 * policies, grants, functions and triggers of the schema `public`, in alphabetical order, columns in
 * theirs.
 * Functions and triggers are few or none; they are there so that none slips in unseen.
 */
export async function dumpSchema(session: Client): Promise<string> {
  const tables = await dumpTables(session);
  const columns = await dumpColumns(session);
  const constraints = await dumpConstraints(session);
  const after = [
    await dumpIndexes(session),
    await dumpPolicies(session),
    await dumpGrants(session),
  ];
  const parts = tables.map(({ name, kind, options }) => {
    const lines = [...(columns.get(name) ?? []), ...(constraints.get(name) ?? [])];
    const body = lines.map((line) => `  ${line}`).join(',\n');
    const table = `create ${kind}table ${name} (\n${body}\n)${options};`;
    return [table, ...after.flatMap((lines) => lines.get(name) ?? [])].join('\n');
  });
  parts.push(...(await dumpOthers(session)));
  return `${header}\n${parts.join('\n\n')}\n`;
}

const header = `-- The sum of the migrations, read back from PostgreSQL. Never edit it: change a migration,
-- then write it anew with: node packages/server/src/db/dump-schema-cli.ts --write
`;
