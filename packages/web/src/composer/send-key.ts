interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly keyCode: number;
  /** Milliseconds on the same clock as `compositionEnd`. */
  readonly timeStamp: number;
}

// Safari ends the composition first and reports its Enter afterwards, as if it were a plain one.
const sameKeyMs = 80;

/**
 * Whether this key press sends the message.
 *
 * Enter that ends an input method's composition never does: it chooses characters.
 */
export function isSendKey(press: KeyPress, compositionEnd: number | null): boolean {
  if (press.key !== 'Enter' || press.shiftKey || press.altKey) return false;
  if (press.isComposing || press.keyCode === 229) return false;
  return compositionEnd === null || press.timeStamp - compositionEnd > sameKeyMs;
}
