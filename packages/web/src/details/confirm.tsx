import { Dialog } from '../parts/dialog.tsx';
import { useAttempt } from '../parts/use-attempt.ts';
import { words } from '../words.ts';
import './confirm.css';

interface ConfirmProps {
  readonly title: string;
  readonly hint: string;
  readonly action: string;
  /** It takes nothing away from anybody. */
  readonly gives?: boolean;
  /** Why it may not be done, when the server refuses. */
  readonly refused?: string;
  readonly run: () => Promise<void>;
  readonly onClose: () => void;
}

/** Asks once before something that is not easily undone. */
export function Confirm(props: ConfirmProps) {
  const { title, hint, action, gives, run, onClose } = props;
  const { busy, problem, attempt } = useAttempt(props.refused);
  const confirm = () =>
    attempt(async () => {
      await run();
      onClose();
    });
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="confirm-hint">{hint}</p>
      <footer class="dialog-footer">
        <p class="dialog-problem" role="alert">
          {problem}
        </p>
        <button type="button" class="button button-quiet" onClick={onClose}>
          {words.action.cancel}
        </button>
        <button
          type="button"
          class={`button ${gives ? 'button-main' : 'button-danger'}`}
          disabled={busy}
          onClick={confirm}
        >
          {action}
        </button>
      </footer>
    </Dialog>
  );
}
