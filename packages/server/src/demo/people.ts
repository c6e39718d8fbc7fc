/** Somebody whom a visitor of the demo can be. */
export interface DemoPerson {
  readonly id: string;
  readonly name: string;
  /** What they do at the studio, in a few words. */
  readonly title: string;
  /** Null: the page draws initials. */
  readonly avatar_url: string | null;
}

export const demoTenant = { id: 'demo', name: 'Harbour & Field' } as const;

/** Everybody of the demo, in the order in which the page offers them. */
export const demoPeople = [
  { id: 'maya', name: 'Maya Castillo', title: 'Studio director', avatar_url: null },
  { id: 'jonas', name: 'Jonas Brandt', title: 'Project lead', avatar_url: null },
  { id: 'amina', name: 'Amina Haddad', title: 'Interior architect', avatar_url: null },
  { id: 'omar', name: 'Omar Khalil', title: 'Site manager', avatar_url: null },
  { id: 'zoe', name: 'Zoé Lambert', title: 'Contracts and accounts', avatar_url: null },
  { id: 'kenji', name: 'Kenji Tanaka', title: 'Furniture maker, freelance', avatar_url: null },
  { id: 'yuki', name: 'Yuki Mori', title: 'Lighting designer, freelance', avatar_url: null },
  { id: 'priya', name: 'Priya Sharma', title: 'Web developer, freelance', avatar_url: null },
] as const satisfies readonly DemoPerson[];

export type PersonId = (typeof demoPeople)[number]['id'];

export function isPersonId(text: string): text is PersonId {
  return demoPeople.some((person) => person.id === text);
}

/** The language each of them has set. */
export const demoLocales: Readonly<Record<PersonId, string>> = {
  maya: 'es',
  jonas: 'de',
  amina: 'ar',
  omar: 'ar',
  zoe: 'fr',
  kenji: 'ja',
  yuki: 'ja',
  priya: 'en-IN',
};
