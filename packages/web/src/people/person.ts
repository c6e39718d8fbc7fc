import type { User } from '@parley/protocol';

/** Somebody as the page shows them. */
export type Person = Pick<User, 'id' | 'name' | 'avatar_url'>;
