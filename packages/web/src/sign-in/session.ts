import type { Client } from '@parley/client';
import { ParleyError } from '@parley/protocol';
import { type ReadonlySignal, signal } from '@preact/signals';
import { drafts, dropDrafts, loadDrafts } from '../composer/drafts.ts';
import { keepUnsent } from '../composer/unsent.ts';
import { forgetPlace } from '../place/place.ts';
import { forgetWindow, keep, kept } from '../session/kept.ts';
import { type DemoPerson, type Door, UnknownPersonError } from './door.ts';
import { dropToken, takeToken } from './handed-token.ts';

/** Who is behind this window, on the way from nobody to somebody. */
export type Session =
  | { readonly status: 'starting' }
  | { readonly status: 'failed' }
  /** The demo: one chooses who to be. */
  | { readonly status: 'choosing'; readonly people: readonly DemoPerson[] }
  /** `unsent`: this window keeps something that was not sent. */
  | {
      readonly status: 'not-signed-in';
      readonly why: 'absent' | 'expired';
      readonly unsent: boolean;
    }
  /** The server has taken the person's access away. */
  | { readonly status: 'ended'; readonly demo: boolean; readonly unsent: boolean }
  | { readonly status: 'signed-in'; readonly client: Client; readonly demo: boolean };

export interface SessionDesk {
  readonly session: ReadonlySignal<Session>;
  /** Begins, or begins again: after a failure, or with another token in the address. */
  start(): Promise<void>;
  /** Becomes this person; demo only. Throws when it does not work. */
  choose(person: string): Promise<void>;
  /** Ends it for this window; demo only, since elsewhere the host product signs people in. */
  signOut(): Promise<void>;
}

const demoKey = 'parley.demo-person';

/** Makes the desk where a window's person signs in and out. */
export function createSessionDesk(door: Door): SessionDesk {
  const session = signal<Session>({ status: 'starting' });

  function enter(client: Client, demo: boolean): void {
    const stop = client.connection.subscribe(() => {
      const state = client.connection.getSnapshot();
      if (state.status !== 'closed' || state.reason === 'disconnected') return;
      stop();
      keepUnsent(client);
      if (state.reason === 'refused') void leave(demo);
      else session.value = { status: 'ended', demo, unsent: drafts.peek().size > 0 };
    });
    const stopMe = client.me.subscribe(() => {
      const me = client.me.getSnapshot();
      if (!me) return;
      stopMe();
      loadDrafts(me.id);
    });
    client.connect();
    session.value = { status: 'signed-in', client, demo };
  }

  async function leave(demo: boolean): Promise<void> {
    if (session.value.status === 'signed-in') session.value.client.disconnect();
    const unsent = drafts.peek().size > 0;
    dropDrafts();
    if (!demo) {
      dropToken();
      session.value = { status: 'not-signed-in', why: 'expired', unsent };
      return;
    }
    forgetWindow();
    forgetPlace();
    await desk.start();
  }

  function enterDemo(person: string, firstToken?: string): void {
    keep('window', demoKey, person);
    let first = firstToken;
    const getToken = async () => {
      const token = first ?? (await signInAgain(person));
      first = undefined;
      return token;
    };
    enter(door.createClient(getToken), true);
  }

  async function signInAgain(person: string): Promise<string> {
    try {
      return await door.demoSignIn(person);
    } catch (error) {
      if (!(error instanceof UnknownPersonError)) throw error;
      // The demo was made anew without this person: no use to ask again.
      throw new ParleyError('unauthorized', { cause: error });
    }
  }

  function enterWithToken(token: string): void {
    // Only the host product has another one, so the server alone judges this one: after a few
    // refusals the client ends by itself.
    enter(
      door.createClient(() => Promise.resolve(token)),
      false,
    );
  }

  async function begin(): Promise<Session | null> {
    const token = takeToken();
    const { demo } = await door.config();
    if (!demo || token !== null) {
      if (token === null) return { status: 'not-signed-in', why: 'absent', unsent: false };
      enterWithToken(token);
      return null;
    }
    const person = kept('window', demoKey);
    if (person === null) return { status: 'choosing', people: await door.demoPeople() };
    enterDemo(person);
    return null;
  }

  const desk: SessionDesk = {
    session,
    async start() {
      if (session.value.status === 'signed-in') {
        keepUnsent(session.value.client);
        session.value.client.disconnect();
      }
      session.value = { status: 'starting' };
      try {
        const next = await begin();
        if (next) session.value = next;
      } catch {
        session.value = { status: 'failed' };
      }
    },
    async choose(person) {
      enterDemo(person, await door.demoSignIn(person));
    },
    signOut: () => leave(true),
  };
  return desk;
}
