import { z } from 'zod';
import { OperatorError } from '../operator-error.ts';

/** The first entry of every backup: what it is, for whatever reads it later. */
export const about = { format: 'parley backup', format_version: 1 } as const;

const aboutSchema = z.object({
  format: z.literal(about.format),
  format_version: z.int().positive(),
});

const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const tableSchema = z.object({
  name,
  columns: z.array(name).min(1),
  rows: z.int().nonnegative(),
  /** Of the rows as PostgreSQL writes them: `copy ... to stdout`, text, in the order of their key. */
  bytes: z.int().nonnegative(),
  sha256,
  /** How many entries the rows fill. */
  parts: z.int().nonnegative(),
});

const manifestSchema = z.object({
  ...aboutSchema.shape,
  /** `tenant`: of one tenant alone. */
  kind: z.enum(['installation', 'tenant']),
  tenant: z.string().nullable(),
  created_at: z.iso.datetime(),
  server_version: z.string(),
  /** What made the schema, in order. */
  migrations: z.array(z.string()).min(1),
  epoch: z.string(),
  /** Of the key that encrypted the signing secrets, in hex; null when none was used yet. */
  key_fingerprint: z.string().nullable(),
  /** Key files of the data folder that are in this backup. */
  keys: z.array(z.enum(['secret-key', 'operator-key'])),
  tables: z.array(tableSchema),
  /** Attachments, when there are any. */
  files: z.array(z.never()),
});

/** What a backup says of itself. */
export type Manifest = z.infer<typeof manifestSchema>;

/** One table in it. */
export type TableInBackup = z.infer<typeof tableSchema>;

/** A file of the data folder that holds a key. */
export type KeyName = Manifest['keys'][number];

/** Refuses what a newer version wrote; false when it is no backup. */
export function checkAbout(content: Buffer): boolean {
  const said = parse(aboutSchema, content);
  if (said !== undefined && said.format_version > about.format_version) {
    throw new OperatorError(
      'A newer Parley made this backup. Restore it with that version, or a newer one.',
    );
  }
  return said !== undefined;
}

/** Reads the manifest of a backup; undefined when it is none. */
export function parseManifest(content: Buffer): Manifest | undefined {
  return parse(manifestSchema, content);
}

function parse<Value>(schema: z.ZodType<Value>, content: Buffer): Value | undefined {
  try {
    return schema.safeParse(JSON.parse(content.toString('utf8'))).data;
  } catch {
    // It is no JSON.
    return undefined;
  }
}
