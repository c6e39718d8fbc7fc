import type { Client } from '@parley/client';
import { limits, type User } from '@parley/protocol';
import { signal } from '@preact/signals';

/** Looks people up who are not among a conversation's known members, each of them once. */
export interface PeopleBook {
  /** Who is known so far, by id. */
  readonly known: { readonly value: ReadonlyMap<string, User> };
  /** Asks for these people; they appear in `known` when the server tells them. */
  want(ids: readonly string[]): void;
}

const books = new WeakMap<Client, PeopleBook>();

/** The book of a client; always the same one. */
export function peopleBook(client: Client): PeopleBook {
  const book = books.get(client) ?? createBook(client);
  books.set(client, book);
  return book;
}

function createBook(client: Client): PeopleBook {
  const known = signal<ReadonlyMap<string, User>>(new Map());
  const asked = new Set<string>();
  let waiting: string[] = [];

  async function ask(): Promise<void> {
    const ids = waiting.slice(0, limits.usersPerGet);
    waiting = waiting.slice(ids.length);
    try {
      const users = await client.getUsers(ids);
      known.value = new Map([...known.value, ...users.map((user) => [user.id, user] as const)]);
    } catch {
      // Names are a comfort: whoever cannot be looked up now is asked for again when next seen.
      for (const id of ids) asked.delete(id);
    }
    if (waiting.length > 0) await ask();
  }

  return {
    known,
    want(ids) {
      const fresh = ids.filter((id) => !asked.has(id));
      if (fresh.length === 0) return;
      for (const id of fresh) asked.add(id);
      const idle = waiting.length === 0;
      waiting.push(...fresh);
      if (idle) queueMicrotask(() => void ask());
    },
  };
}
