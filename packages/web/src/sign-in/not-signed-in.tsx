import { Notice } from '../parts/notice.tsx';
import { words } from '../words.ts';
import { Mark } from './sign-in.tsx';
import './sign-in.css';

interface NotSignedInProps {
  readonly why: 'absent' | 'expired';
  readonly unsent: boolean;
}

/** Nobody is signed in, and only the host product can change that. */
export function NotSignedIn({ why, unsent }: NotSignedInProps) {
  const { absentTitle, absentHint, expiredTitle, expiredHint } = words.signIn;
  return (
    <main class="not-signed-in">
      <Notice
        heading
        text={why === 'absent' ? absentTitle : expiredTitle}
        hint={withUnsent(why === 'absent' ? absentHint : expiredHint, unsent)}
      >
        <Mark />
      </Notice>
    </main>
  );
}

interface AccessEndedProps {
  readonly unsent: boolean;
  readonly onRetry: () => void;
  /** Null where only the host product signs people in and out. */
  readonly onSignOut: (() => void) | null;
}

/** Access was taken away: nothing to be done here, but it may be given back. */
export function AccessEnded({ unsent, onRetry, onSignOut }: AccessEndedProps) {
  const { endedTitle, endedHint, endedDemoAction } = words.signIn;
  const action = onSignOut
    ? { label: endedDemoAction, run: onSignOut }
    : { label: words.action.retry, run: onRetry };
  return (
    <main class="not-signed-in">
      <Notice alert heading text={endedTitle} hint={withUnsent(endedHint, unsent)} action={action}>
        <Mark />
      </Notice>
    </main>
  );
}

/** The server could not be asked anything at all. */
export function StartFailed({ onRetry }: { readonly onRetry: () => void }) {
  return (
    <main class="not-signed-in">
      <Notice
        alert
        heading
        text={words.signIn.startFailed}
        hint={words.signIn.startFailedHint}
        action={{ label: words.action.retry, run: onRetry }}
      >
        <Mark />
      </Notice>
    </main>
  );
}

function withUnsent(hint: string, unsent: boolean): string {
  return unsent ? `${hint} ${words.signIn.unsentKept}` : hint;
}
