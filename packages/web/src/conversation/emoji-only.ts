const most = 6;
const emoji = /^(?:\p{RGI_Emoji}\s*)+$/v;
const each = /\p{RGI_Emoji}/gv;

/** Whether a message is a few emoji and nothing else: shown larger, without a bubble. */
export function isEmojiOnly(body: string): boolean {
  // Flags and families are several code units each; anything longer is not a few.
  if (body.length > most * 16 || !emoji.test(body)) return false;
  return (body.match(each)?.length ?? 0) <= most;
}
