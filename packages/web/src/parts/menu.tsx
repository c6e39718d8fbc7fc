import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../icons/icon.tsx';
import { useEscape } from '../keyboard/escape.ts';
import { nextItem } from './next-item.ts';
import './button.css';
import './menu.css';

/** One thing to do. */
export interface MenuItem {
  readonly label: string;
  readonly danger?: boolean;
  readonly run: () => void;
}

interface MenuProps {
  /** What it is about, for those who do not see where it stands. */
  readonly label: string;
  readonly items: readonly MenuItem[];
}

/** A button with three dots, and the menu that it opens: arrows move, Escape and a click outside close. */
export function Menu({ label, items }: MenuProps) {
  /** The end that it was opened at. */
  const [from, setFrom] = useState<'first' | 'last' | null>(null);
  const open = from !== null;
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = useCallback(() => {
    setFrom(null);
    button.current?.focus({ preventScroll: true });
  }, []);
  useEscape(open, close);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setFrom(null);
    };
    const scrolled = ({ target }: Event) => {
      if (target instanceof Node && target.contains(root.current)) close();
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('focusin', away);
    // It stands on the page, not in what scrolls: there it would be cut off.
    document.addEventListener('scroll', scrolled, { capture: true, passive: true });
    window.addEventListener('resize', close);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('focusin', away);
      document.removeEventListener('scroll', scrolled, { capture: true });
      window.removeEventListener('resize', close);
    };
  }, [open, close]);

  return (
    <div ref={root} class="menu" data-open={open}>
      <button
        ref={button}
        type="button"
        class="icon-button"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setFrom(open ? null : 'first')}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          event.preventDefault();
          setFrom(event.key === 'ArrowUp' ? 'last' : 'first');
        }}
      >
        <Icon name="more" />
      </button>
      {open && (
        <Items id={id} label={label} items={items} from={from} button={button} onClose={close} />
      )}
    </div>
  );
}

interface ItemsProps {
  readonly id: string;
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly from: 'first' | 'last';
  readonly button: { readonly current: HTMLElement | null };
  readonly onClose: () => void;
}

function Items({ id, label, items, from, button, onClose }: ItemsProps) {
  const list = useRef<HTMLDivElement>(null);
  // Placed before it is painted: below the button where there is room, else above.
  useLayoutEffect(() => {
    if (!list.current || !button.current) return;
    place(list.current, button.current);
    const entries = [...list.current.querySelectorAll<HTMLElement>('[role="menuitem"]')];
    entries.at(from === 'first' ? 0 : -1)?.focus();
  }, [from, button]);
  return (
    <div
      ref={list}
      id={id}
      class="menu-items"
      role="menu"
      tabIndex={-1}
      aria-label={label}
      onKeyDown={(event) => {
        const entries = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="menuitem"]')];
        const { activeElement } = document;
        const focused = activeElement instanceof HTMLElement ? entries.indexOf(activeElement) : -1;
        const next = nextItem(event.key, focused, entries.length);
        if (event.key === 'Tab') onClose();
        if (next === null) return;
        event.preventDefault();
        entries[next]?.focus();
      }}
    >
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={`menu-item${item.danger ? ' menu-danger' : ''}`}
          onClick={() => {
            onClose();
            item.run();
          }}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}

const gapPx = 4;
const edgePx = 8;

function place(list: HTMLElement, button: HTMLElement): void {
  // As wide as its words, wherever it stood.
  list.style.top = list.style.left = '0';
  const at = button.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const below = at.bottom + gapPx + height <= innerHeight - edgePx;
  const rtl = getComputedStyle(button).direction === 'rtl';
  const left = rtl ? at.left : at.right - width;
  list.style.top = `${below ? at.bottom + gapPx : Math.max(edgePx, at.top - gapPx - height)}px`;
  list.style.left = `${Math.min(Math.max(edgePx, left), innerWidth - width - edgePx)}px`;
}
