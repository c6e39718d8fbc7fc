/**
 * Where a PostgreSQL database is, and who to be there. Plain data: it can be sent to another process.
 *
 * A `url` may hold a password: print it with `describeAddress` only.
 */
export type DatabaseAddress =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'socket';
      /** The folder that holds the socket `.s.PGSQL.5432`. */
      readonly folder: string;
      readonly user: string;
      readonly database: string;
    };

/** The address of another database of the same server. */
export function inDatabase(address: DatabaseAddress, database: string): DatabaseAddress {
  switch (address.kind) {
    case 'socket':
      return { ...address, database };
    case 'url': {
      const url = new URL(address.url);
      url.pathname = `/${encodeURIComponent(database)}`;
      return { kind: 'url', url: url.href };
    }
  }
}

/** The address in words, for people and logs: never the password. */
export function describeAddress(address: DatabaseAddress): string {
  switch (address.kind) {
    case 'socket':
      return `the database "${address.database}" in ${address.folder}`;
    case 'url': {
      const url = new URL(address.url);
      return `the database at ${url.host || url.searchParams.get('host') || 'localhost'}${url.pathname}`;
    }
  }
}
