import { useState } from 'preact/hooks';
import { Avatar } from '../people/avatar.tsx';
import { words } from '../words.ts';
import type { DemoPerson } from './door.ts';
import './sign-in.css';

interface SignInProps {
  readonly people: readonly DemoPerson[];
  readonly onChoose: (person: string) => Promise<void>;
}

/** The demo's sign-in: one chooses who to be. */
export function SignIn({ people, onChoose }: SignInProps) {
  const [becoming, setBecoming] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  const choose = (id: string) => {
    if (becoming !== null) return;
    setBecoming(id);
    setFailed(false);
    onChoose(id).catch(() => {
      setBecoming(null);
      setFailed(true);
    });
  };
  return (
    <main class="sign-in scrolls">
      <div class="sign-in-content">
        <Mark />
        <h1 class="sign-in-title">{words.signIn.title}</h1>
        <p class="sign-in-lead">{words.signIn.lead}</p>
        <ul class="sign-in-people" aria-label={words.signIn.people}>
          {people.map((person) => (
            <li key={person.id}>
              <button
                type="button"
                class="person-card"
                data-person={person.id}
                aria-disabled={becoming !== null}
                aria-busy={becoming === person.id}
                onClick={() => choose(person.id)}
              >
                <Avatar id={person.id} name={person.name} picture={person.avatar_url} size={44} />
                <span class="person-card-words">
                  <span class="person-card-name one-line" dir="auto" title={person.name}>
                    {person.name}
                  </span>
                  <span class="person-card-title one-line" title={person.title}>
                    {becoming === person.id ? words.signIn.signingIn : person.title}
                  </span>
                </span>
              </button>
            </li>
          ))}
        </ul>
        <p class="sign-in-problem" role="alert">
          {failed && words.signIn.failed}
        </p>
      </div>
    </main>
  );
}

/** The product's mark: two lines of talk. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        class="mark-bubble"
        d="M9 3h14a6 6 0 0 1 6 6v9a6 6 0 0 1-6 6h-6.6l-6.1 4.7A1.4 1.4 0 0 1 8 27.6V24a5 5 0 0 1-5-5V9a6 6 0 0 1 6-6Z"
      />
      <path class="mark-lines" d="M10 10.8h12M10 16.2h7.5" />
    </svg>
  );
}
