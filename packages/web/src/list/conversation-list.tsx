import type { ConversationListSnapshot } from '@parley/client';
import type { ConversationRow as Conversation } from '@parley/protocol';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { drafts } from '../composer/drafts.ts';
import { peopleIn } from '../conversation/act-words.ts';
import { AfterAMoment } from '../parts/after-a-moment.tsx';
import { Notice } from '../parts/notice.tsx';
import { conversationTitle } from '../people/conversation-title.ts';
import { usePeople } from '../people/use-people.ts';
import { usePresence } from '../people/use-presence.ts';
import { goToConversation, place } from '../place/place.ts';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { minute } from '../time/clock.ts';
import { words } from '../words.ts';
import { ConversationRow } from './conversation-row.tsx';
import { FindField } from './find-field.tsx';
import { ListSkeleton } from './list-skeleton.tsx';
import { matches } from './matches.ts';
import { nextRow } from './next-row.ts';
import { useGlide } from './use-glide.ts';
import { useOnScreen } from './use-on-screen.ts';
import './conversation-list.css';

interface ListProps {
  readonly me: string;
  readonly onStart: (() => void) | null;
}

/** My conversations, newest activity first, and the field that finds one. */
export function ConversationList({ me, onStart }: ListProps) {
  const client = useClient();
  const list = useStore(client.conversations);
  const [search, setSearch] = useState('');
  const rows = useRef<HTMLUListElement>(null);
  const found = useFound(list.conversations, search, me);

  const focusRow = (id: string | undefined) => {
    if (id) rows.current?.querySelector<HTMLElement>(`[data-conversation="${id}"]`)?.focus();
  };

  return (
    <>
      <FindField
        value={search}
        onInput={setSearch}
        onDown={() => focusRow(found[0]?.id)}
        onEnter={() => {
          const [first] = found;
          if (!first || search.trim() === '') return;
          setSearch('');
          goToConversation(first.id);
        }}
      />
      <div class="list scrolls">
        <Body
          list={list}
          found={found}
          search={search}
          me={me}
          rows={rows}
          focusRow={focusRow}
          onStart={onStart}
        />
      </div>
    </>
  );
}

function useFound(
  conversations: readonly Conversation[],
  search: string,
  me: string,
): readonly Conversation[] {
  return useMemo(() => {
    const text = search.trim();
    if (text === '') return conversations;
    return conversations.filter((conversation) => {
      const people = conversation.members.map((member) => member.name);
      return matches(text, [conversationTitle(conversation, me).name, ...people]);
    });
  }, [conversations, search, me]);
}

interface BodyProps {
  readonly list: ConversationListSnapshot;
  readonly found: readonly Conversation[];
  readonly search: string;
  readonly me: string;
  readonly rows: { current: HTMLUListElement | null };
  readonly focusRow: (id: string | undefined) => void;
  readonly onStart: (() => void) | null;
}

function Body({ list, found, search, me, rows, focusRow, onStart }: BodyProps) {
  const client = useClient();
  if (list.status === 'loading') {
    return (
      <AfterAMoment>
        <ListSkeleton />
      </AfterAMoment>
    );
  }
  if (list.status === 'failed') {
    const run = () => void client.conversations.reload();
    return <Notice alert text={words.list.failed} action={{ label: words.action.retry, run }} />;
  }
  if (list.conversations.length === 0) {
    const start = onStart && { label: words.list.emptyAction, run: onStart };
    return <Notice text={words.list.empty} action={start} />;
  }
  if (found.length === 0) {
    const start = onStart && { label: words.list.start, run: onStart };
    return <Notice text={words.list.nothingFound(search.trim())} action={start} />;
  }
  return (
    <>
      <Rows found={found} me={me} rows={rows} focusRow={focusRow} />
      {list.hasMore && <More loading={list.loadingMore} onMore={client.conversations.loadMore} />}
    </>
  );
}

type RowsProps = Pick<BodyProps, 'found' | 'me' | 'rows' | 'focusRow'>;

function Rows({ found, me, rows, focusRow }: RowsProps) {
  const open = place.value.conversation;
  const [focused, setFocused] = useState<string | null>(null);
  const titles = useMemo(() => found.map((row) => conversationTitle(row, me)), [found, me]);
  const members = useMemo(() => found.flatMap((row) => row.members), [found]);
  const mentioned = useMemo(
    () => [
      ...new Set(found.flatMap((row) => (row.last_message ? peopleIn(row.last_message) : []))),
    ],
    [found],
  );
  const person = usePeople(members, mentioned);
  const others = useMemo(
    () => titles.flatMap((title) => (title.person ? [title.person.id] : [])),
    [titles],
  );
  const presence = usePresence(others);
  useGlide(rows, found);

  const ids = found.map((row) => row.id);
  // One row at a time can be reached with Tab; arrows lead to the others.
  const reachable = [focused, open].find((id) => id !== null && ids.includes(id)) ?? ids[0];

  return (
    <ul
      ref={rows}
      class="list-rows"
      // biome-ignore lint/a11y/noRedundantRoles: without bullets, Safari takes a list for none
      role="list"
      onKeyDown={(event) => {
        const next = nextRow(event.key, ids, focused);
        if (next === null) return;
        event.preventDefault();
        focusRow(next);
      }}
      onFocusOut={() => setFocused(null)}
    >
      {found.map((row, index) => {
        const title = titles[index];
        if (!title) return null;
        return (
          <ConversationRow
            key={row.id}
            row={row}
            title={title}
            me={me}
            person={person}
            online={title.person ? (presence[title.person.id]?.online ?? false) : false}
            open={row.id === open}
            reachable={row.id === reachable}
            draft={row.id === open ? '' : (drafts.value.get(row.id) ?? '')}
            now={minute.value}
            onFocus={setFocused}
          />
        );
      })}
    </ul>
  );
}

function More({ loading, onMore }: { loading: boolean; onMore: () => Promise<void> }) {
  const end = useRef<HTMLParagraphElement>(null);
  const near = useOnScreen(end);
  const [failed, setFailed] = useState(false);
  const wanted = near && !loading && !failed;
  useEffect(() => {
    if (wanted) onMore().catch(() => setFailed(true));
  }, [wanted, onMore]);
  return (
    <p ref={end} class="list-more">
      {failed ? (
        <button type="button" class="button button-text" onClick={() => setFailed(false)}>
          {words.action.retry}
        </button>
      ) : (
        words.list.loadingMore
      )}
    </p>
  );
}
