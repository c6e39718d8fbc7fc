import { Dialog } from '../parts/dialog.tsx';
import { words } from '../words.ts';
import { sheetShown } from './shortcuts.ts';
import './shortcut-sheet.css';

const { shortcuts } = words;
const rows: readonly (readonly [what: string, keys: readonly string[]])[] = [
  [shortcuts.find, ['Ctrl', 'K']],
  [shortcuts.move, ['↑', '↓']],
  [shortcuts.open, ['Enter']],
  [shortcuts.send, ['Enter']],
  [shortcuts.newLine, ['Shift', 'Enter']],
  [shortcuts.close, ['Esc']],
  [shortcuts.show, ['?']],
];

/** All keyboard shortcuts on one sheet. */
export function ShortcutSheet() {
  if (!sheetShown.value) return null;
  return (
    <Dialog
      title={shortcuts.title}
      onClose={() => {
        sheetShown.value = false;
      }}
    >
      <dl class="sheet">
        {rows.map(([what, keys]) => (
          <div key={what} class="sheet-row">
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
