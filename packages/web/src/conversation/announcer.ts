import type { ConversationSnapshot } from '@parley/client';
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { FindPerson } from '../people/use-people.ts';
import { words } from '../words.ts';
import { newestSeq } from './new-line.ts';

/** What the page's one live region says: new messages of others in the open conversation. */
export const announcement = signal('');

const longest = 200;

/** Tells screen readers what others write from now on; never what was there before. */
export function useAnnouncer(
  { messages }: ConversationSnapshot,
  me: string,
  person: FindPerson,
): void {
  const heard = useRef<number | null>(null);
  useEffect(() => {
    const newest = newestSeq(messages);
    const before = heard.current;
    heard.current = Math.max(newest, before ?? 0);
    if (before === null || newest <= before) return;
    const fresh = messages.filter(
      (message) =>
        message.state === 'stored' &&
        message.seq > before &&
        message.kind === 'text' &&
        message.sender !== me,
    );
    const last = fresh.at(-1);
    if (!last) return;
    const { heard: one, heardSeveral } = words.conversation;
    announcement.value =
      fresh.length > 3
        ? heardSeveral(fresh.length)
        : fresh.map((m) => one(person(m.sender ?? '').name, m.body.slice(0, longest))).join('. ');
  }, [messages, me, person]);
  useEffect(
    () => () => {
      announcement.value = '';
    },
    [],
  );
}
