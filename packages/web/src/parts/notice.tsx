import type { ComponentChildren } from 'preact';
import './button.css';
import './notice.css';

interface NoticeProps {
  /** One sentence: what there is, or what happened. */
  readonly text: string;
  readonly hint?: string;
  readonly action?: { readonly label: string; readonly run: () => void } | null;
  readonly alert?: boolean;
  /** It is all there is on the page: its sentence is the page's heading. */
  readonly heading?: boolean;
  readonly children?: ComponentChildren;
}

/** An empty or broken view: one sentence and the one useful action. */
export function Notice({ text, hint, action, alert, heading, children }: NoticeProps) {
  return (
    <div class="notice" role={alert ? 'alert' : undefined}>
      {children}
      {heading ? <h1 class="notice-text">{text}</h1> : <p class="notice-text">{text}</p>}
      {hint && <p class="notice-hint">{hint}</p>}
      {action && (
        <button type="button" class="button button-quiet" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  );
}
