// Stricter than the URL standard, which lets semicolons and quotes into a host: origins also become
// part of a header.
const form = /^https?:\/\/(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/** Whether a text is an origin exactly as browsers send it: scheme, host and port, nothing else. */
export function isOrigin(text: string): boolean {
  return form.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
