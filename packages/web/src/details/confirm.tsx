import { Dialog } from '../parts/dialog.tsx';
import { useAttempt } from '../parts/use-attempt.ts';
import { words } from '../words.ts';
import './confirm.css';

interface ConfirmProps {
  readonly title: string;
  readonly hint: string;
  readonly action: string;
  readonly run: () => Promise<void>;
  readonly onClose: () => void;
}

/** Asks once before something that is not easily undone. */
export function Confirm({ title, hint, action, run, onClose }: ConfirmProps) {
  const { busy, problem, attempt } = useAttempt();
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
        <button type="button" class="button button-danger" disabled={busy} onClick={confirm}>
          {action}
        </button>
      </footer>
    </Dialog>
  );
}
