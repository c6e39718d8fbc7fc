import type { FindPerson } from '../people/use-people.ts';
import { words } from '../words.ts';
import './typing-line.css';

interface TypingProps {
  readonly typing: readonly string[];
  readonly person: FindPerson;
}

/** Who is typing, on a line that is always there: nothing moves when somebody starts. */
export function TypingLine({ typing, person }: TypingProps) {
  return (
    <p class="typing-line" data-typing={typing.length}>
      {typing.length > 0 && (
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
    </p>
  );
}
