import { sql } from 'kysely';

/**
 * When a person's name or picture last changed, as the wire tells it: ISO 8601 in UTC.
 *
 * Goes with every name that is told, so that a client which hears of one person twice keeps the
 * newer: rows are read at one time and arrive at another.
 */
export const profileStamp = sql<string>`to_char(app_user.updated_at at time zone 'UTC',
  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
