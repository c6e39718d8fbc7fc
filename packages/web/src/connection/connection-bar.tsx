import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { words } from '../words.ts';
import { connectionNotice } from './connection-notice.ts';
import { lineDown } from './line-down.ts';
import './connection-bar.css';

/** A quiet bar that says in words when the line to the server is down. */
export function ConnectionBar() {
  const client = useClient();
  const state = useStore(client.connection);
  const line = useRef({ lostAt: Date.now(), wasOnline: false });
  const [, lookAgain] = useState({});
  if (state.status === 'online') line.current = { lostAt: Date.now(), wasOnline: true };
  const wentDown = useRef(state.status);
  if (wentDown.current === 'online' && state.status !== 'online') line.current.lostAt = Date.now();
  wentDown.current = state.status;

  const notice = connectionNotice(state, { ...line.current, now: Date.now() });
  const wait = notice.show === 'later' ? notice.inMs : null;
  useEffect(() => {
    if (wait === null) return;
    const timer = setTimeout(() => lookAgain({}), wait + 1);
    return () => clearTimeout(timer);
  }, [wait]);

  const shown = notice.show !== 'nothing' && notice.show !== 'later';
  useEffect(() => {
    lineDown.value = shown;
  }, [shown]);
  return (
    <div class="connection-bar" role="status" data-connection={state.status} data-shown={shown}>
      {shown && (
        <p class="connection-words">
          <Icon name={notice.show === 'offline' ? 'alert' : 'clock'} small />
          <span>{words.connection[notice.show]}</span>
          {notice.show !== 'offline' && (
            // Asked to connect while it waits, the client tries at once.
            <button
              type="button"
              class="connection-try"
              disabled={state.status !== 'waiting'}
              onClick={() => client.connect()}
            >
              {words.connection.tryNow}
            </button>
          )}
        </p>
      )}
    </div>
  );
}
