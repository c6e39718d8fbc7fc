import { Confirm } from '../details/confirm.tsx';
import type { Person } from '../people/person.ts';
import { useClient } from '../session/client-context.ts';
import { words } from '../words.ts';

interface ConfirmBlockProps {
  readonly person: Person;
  readonly onClose: () => void;
}

/** Says what blocking does, and asks once. */
export function ConfirmBlock({ person, onClose }: ConfirmBlockProps) {
  const client = useClient();
  return (
    <Confirm
      title={words.block.title(person.name)}
      hint={words.block.hint}
      action={words.block.action}
      run={() => client.block(person.id)}
      onClose={onClose}
    />
  );
}
