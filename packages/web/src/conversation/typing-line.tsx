import type { FindPerson } from '../people/use-people.ts';
import { words } from '../words.ts';
import { useSlowed } from './use-slowed.ts';
import './typing-line.css';

interface TypingProps {
  readonly typing: readonly string[];
  readonly person: FindPerson;
  readonly slowedUntil: number | null;
}

/** Who is typing, on a line that is always there: nothing moves when somebody starts. */
export function TypingLine({ typing, person, slowedUntil }: TypingProps) {
  const slowed = useSlowed(slowedUntil);
  return (
    <div class="typing-line" data-typing={typing.length}>
      <p class="typing-slowed one-line" role="status">
        {slowed && words.message.slowed}
      </p>
      {!slowed && typing.length > 0 && (
        <>
          <span class="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span class="one-line" dir="auto">
            {words.conversation.typing(typing.map((id) => person(id).name))}
          </span>
        </>
      )}
    </div>
  );
}
