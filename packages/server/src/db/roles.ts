/** Serves one tenant at a time: row-level security shows it the rows of the tenant it is told. */
export const appRole = 'parley_app';

/** Serves many tenants in one statement, and may see only the columns that such statements need. */
export const coreRole = 'parley_core';

/** The roles our connections take; neither can log in, and neither owns anything. */
export const roles = [appRole, coreRole] as const;

export type Role = (typeof roles)[number];
