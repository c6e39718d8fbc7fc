const form = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/**
 * Whether a text can be the name of a key: 1 to 128 printable ASCII characters without space, quote
 * and backslash. Names are only ever compared, within one tenant; they are no paths.
 */
export function isKid(text: unknown): text is string {
  return typeof text === 'string' && form.test(text);
}
