import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { coverPlace } from '../place/cover.ts';
import { words } from '../words.ts';
import './button.css';
import './dialog.css';

interface DialogProps {
  readonly title: string;
  /** Takes the whole screen on a phone. */
  readonly tall?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A modal over the page: the browser keeps the focus inside, Escape and Back close it. */
export function Dialog({ title, tall, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const latest = useRef(onClose);
  latest.current = onClose;
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    const uncover = coverPlace(() => latest.current());
    return () => {
      uncover();
      element?.close();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does by keyboard what a click outside does
    <dialog
      ref={dialog}
      class={`dialog${tall ? ' dialog-tall' : ''}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // The dialog has no padding: a click on itself is a click outside its content.
        if (event.target === dialog.current) onClose();
      }}
    >
      <header class="dialog-header">
        <h2 class="dialog-title one-line" id={titleId} title={title}>
          {title}
        </h2>
        <button type="button" class="icon-button" aria-label={words.action.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}
