/** The people of the matrix: each stands for one relation to the conversations of the tenant `acme`. */
export const people = {
  /** Made the group, and blocks `blocked`. */
  owner: { tenant: 'acme', id: 'olga' },
  admin: { tenant: 'acme', id: 'adam' },
  member: { tenant: 'acme', id: 'mia' },
  guest: { tenant: 'acme', id: 'gus', role: 'guest' },
  /** Was in the group, and was removed. */
  removed: { tenant: 'acme', id: 'rita' },
  /** In the group, and in a direct conversation with the owner, who blocks them. */
  blocked: { tenant: 'acme', id: 'bob' },
  /** Of the tenant, in none of the others' conversations. */
  stranger: { tenant: 'acme', id: 'sam' },
  /** Plain member of the group who moderates the tenant. */
  moderator: { tenant: 'acme', id: 'mona', role: 'moderator' },
  /** Plain member of the group who administers the tenant. */
  tenantAdmin: { tenant: 'acme', id: 'tara', role: 'admin' },
  /** Administers the tenant, and is in none of its conversations. */
  outsideAdmin: { tenant: 'acme', id: 'otto', role: 'admin' },
  /** Of another tenant; an id that both tenants know. */
  rivalMember: { tenant: 'rival', id: 'mia' },
  rivalAdmin: { tenant: 'rival', id: 'olga', role: 'admin' },
} as const satisfies Readonly<
  Record<string, { readonly tenant: 'acme' | 'rival'; readonly id: string; readonly role?: string }>
>;

export type Actor = keyof typeof people;

export const actors = Object.keys(people).filter((name): name is Actor => name in people);

/** People of `acme` who do not act in the matrix, but are named in it. */
export const extras = {
  /** The stranger's friend. */
  tess: 'tess',
  /** Blocks the admin. */
  bea: 'bea',
  /** Deactivated. */
  dan: 'dan',
} as const;

/** Known to `rival` alone. */
export const rivalOnly = 'rex';
/** Known to nobody. */
export const nobody = 'nina-who-never-was';

export type Place = 'owner' | 'admin' | 'member' | 'guest';
export type ConversationName =
  | 'group'
  | 'direct'
  | 'blockedDirect'
  | 'others'
  | 'foreign'
  | 'invented';

/** What everybody counts as where: the matrix's own truth, written by hand. */
const places: Readonly<
  Record<Exclude<ConversationName, 'invented'>, Partial<Readonly<Record<Actor, Place>>>>
> = {
  group: {
    owner: 'owner',
    admin: 'admin',
    member: 'member',
    guest: 'guest',
    blocked: 'member',
    moderator: 'admin',
    tenantAdmin: 'owner',
  },
  direct: { owner: 'member', member: 'member' },
  blockedDirect: { owner: 'member', blocked: 'member' },
  others: { stranger: 'owner' },
  foreign: { rivalMember: 'owner', rivalAdmin: 'owner' },
};

/** What somebody counts as in a conversation; undefined where it does not exist for them. */
export function placeOf(actor: Actor, conversation: ConversationName): Place | undefined {
  return conversation === 'invented' ? undefined : places[conversation][actor];
}

export const conversationNames: readonly ConversationName[] = [
  'group',
  'direct',
  'blockedDirect',
  'others',
  'foreign',
  'invented',
];

/** Whether two people are in a conversation together now. */
export function share(actor: Actor, userId: string): boolean {
  const { tenant } = people[actor];
  return conversationNames.some(
    (name) =>
      placeOf(actor, name) !== undefined &&
      (actors.some(
        (other) =>
          people[other].tenant === tenant &&
          people[other].id === userId &&
          placeOf(other, name) !== undefined,
      ) ||
        (name === 'others' && userId === extras.tess)),
  );
}
