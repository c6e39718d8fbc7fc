import { useEffect, useMemo } from 'preact/hooks';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { words } from '../words.ts';
import { peopleBook } from './people-book.ts';
import type { Person } from './person.ts';

/** Finds a person by id; whoever is not known yet is `Someone`. */
export type FindPerson = (id: string) => Person;

/** Knows the members and me, and looks up whoever else is mentioned. */
export function usePeople(members: readonly Person[], mentioned: readonly string[]): FindPerson {
  const client = useClient();
  const me = useStore(client.me);
  const book = peopleBook(client);
  const others = book.known.value;
  const near = useMemo(() => {
    const people = new Map<string, Person>(members.map((member) => [member.id, member]));
    if (me) people.set(me.id, me);
    return people;
  }, [members, me]);

  useEffect(() => {
    const missing = mentioned.filter((id) => !near.has(id) && !others.has(id));
    if (missing.length > 0) book.want(missing);
  }, [mentioned, near, others, book]);

  return useMemo(
    () => (id) =>
      near.get(id) ??
      others.get(id) ?? { id, name: words.people.someone, avatar_url: null, updated_at: '' },
    [near, others],
  );
}
