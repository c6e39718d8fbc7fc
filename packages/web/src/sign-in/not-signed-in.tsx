import { Notice } from '../parts/notice.tsx';
import { words } from '../words.ts';
import { Mark } from './sign-in.tsx';
import './sign-in.css';

/** Nobody is signed in, and only the host product can change that. */
export function NotSignedIn({ why }: { readonly why: 'absent' | 'expired' }) {
  const { absentTitle, absentHint, expiredTitle, expiredHint } = words.signIn;
  return (
    <main class="not-signed-in">
      <Notice
        heading
        text={why === 'absent' ? absentTitle : expiredTitle}
        hint={why === 'absent' ? absentHint : expiredHint}
      >
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
