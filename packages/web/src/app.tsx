import { useEffect } from 'preact/hooks';
import { ListSkeleton } from './list/list-skeleton.tsx';
import { MessagesPage } from './messages-page.tsx';
import { AfterAMoment } from './parts/after-a-moment.tsx';
import { ClientProvider } from './session/client-context.ts';
import { AccessEnded, NotSignedIn, StartFailed } from './sign-in/not-signed-in.tsx';
import type { SessionDesk } from './sign-in/session.ts';
import { SignIn } from './sign-in/sign-in.tsx';
import { words } from './words.ts';

/** The whole page: who you are, then your messages. */
export function App({ desk }: { readonly desk: SessionDesk }) {
  const session = desk.session.value;
  useEffect(() => {
    if (session.status !== 'signed-in') document.title = words.product;
  }, [session.status]);

  switch (session.status) {
    case 'starting':
      return (
        <AfterAMoment>
          <div class="starting">
            <ListSkeleton />
          </div>
        </AfterAMoment>
      );
    case 'failed':
      return <StartFailed onRetry={() => void desk.start()} />;
    case 'choosing':
      return <SignIn people={session.people} onChoose={desk.choose} />;
    case 'not-signed-in':
      return <NotSignedIn why={session.why} unsent={session.unsent} />;
    case 'ended':
      return (
        <AccessEnded
          unsent={session.unsent}
          onRetry={() => void desk.start()}
          onSignOut={session.demo ? () => void desk.signOut() : null}
        />
      );
    case 'signed-in':
      return (
        <ClientProvider value={session.client}>
          <MessagesPage onSignOut={session.demo ? () => void desk.signOut() : null} />
        </ClientProvider>
      );
  }
}
