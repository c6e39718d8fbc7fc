import { z } from '@hono/zod-openapi';
import { limits } from '@parley/protocol';

/** A whole number in a query string, plainly written. */
function whole(documented: { readonly minimum: number; readonly maximum?: number }) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .optional()
    .openapi({ type: 'integer', ...documented });
}

/** Rows of a page, in a query. */
export const limitQuery = whole({ minimum: 1, maximum: limits.page }).openapi({
  description: `Rows of the page; ${limits.page} when absent.`,
});

/** Where a page goes on, in a query. */
export const cursorQuery = z.string().optional().openapi({
  description: 'The `cursor` of the page before.',
});

/** Which page of a list. */
export const pageQuery = z.object({
  cursor: cursorQuery,
  limit: limitQuery.refine(
    (rows) => rows === undefined || (rows >= 1 && rows <= limits.page),
    `must be from 1 to ${limits.page}`,
  ),
});

/** A sequence number in a query. */
export const seqQuery = whole({ minimum: 0 });
