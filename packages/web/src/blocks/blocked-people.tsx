import type { User } from '@parley/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import { AfterAMoment } from '../parts/after-a-moment.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Notice } from '../parts/notice.tsx';
import { useAttempt } from '../parts/use-attempt.ts';
import { Avatar } from '../people/avatar.tsx';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { words } from '../words.ts';
import '../parts/button.css';
import './blocks.css';

/** Everybody whom I block, and the way back for each. */
export function BlockedPeople({ onClose }: { readonly onClose: () => void }) {
  const list = useRef<HTMLDivElement>(null);
  const blocked = useStore(useClient().blocked);
  // Whoever has unblocked somebody goes on with the next.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when somebody comes or goes
  useEffect(() => {
    if (document.activeElement !== document.body) return;
    const next = list.current?.querySelector('button');
    (next ?? list.current?.closest('dialog')?.querySelector('button'))?.focus();
  }, [blocked]);
  return (
    <Dialog title={words.me.blocked} onClose={onClose}>
      <div ref={list} class="blocked-list scrolls">
        <List />
      </div>
    </Dialog>
  );
}

function List() {
  const client = useClient();
  const blocked = useStore(client.blocked);
  const [people, setPeople] = useState<readonly User[] | null>(null);
  const [failed, setFailed] = useState(false);
  // Who is blocked or unblocked elsewhere meanwhile comes and goes here.
  const key = blocked?.join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` says who is in it
  useEffect(() => {
    let latest = true;
    if (failed || blocked === null) return;
    client.listBlocked().then(
      (listed) => latest && setPeople(listed),
      () => latest && setFailed(true),
    );
    return () => {
      latest = false;
    };
  }, [client, key, failed]);

  if (failed) {
    const action = { label: words.action.retry, run: () => setFailed(false) };
    return <Notice alert text={words.block.failed} action={action} />;
  }
  if (people === null) {
    return (
      <AfterAMoment>
        <p class="blocked-waiting" role="status">
          {words.action.loading}…
        </p>
      </AfterAMoment>
    );
  }
  const shown = people.filter(({ id }) => blocked?.includes(id));
  if (shown.length === 0) return <Notice text={words.block.nobody} hint={words.block.nobodyHint} />;
  return (
    <ul aria-label={words.me.blocked}>
      {shown.map((person) => (
        <Blocked key={person.id} person={person} />
      ))}
    </ul>
  );
}

function Blocked({ person }: { readonly person: User }) {
  const client = useClient();
  const { busy, problem, attempt } = useAttempt();
  return (
    <li class="blocked-person">
      <Avatar id={person.id} name={person.name} picture={person.avatar_url} size={36} />
      <span class="blocked-name one-line" dir="auto" title={person.name}>
        {person.name}
      </span>
      <button
        type="button"
        class="button button-quiet"
        aria-label={words.block.unblock(person.name)}
        disabled={busy}
        onClick={() => attempt(() => client.unblock(person.id))}
      >
        {words.block.undo}
      </button>
      {problem !== '' && (
        <p class="dialog-problem blocked-problem" role="alert">
          {problem}
        </p>
      )}
    </li>
  );
}
