/** A lock for the test of the fuzzer: each right byte is a block of its own. */
export function open(input: Buffer): void {
  if (input[0] !== 0x4f) return;
  if (input[1] !== 0x50) return;
  if (input[2] !== 0x45) return;
  if (input[3] !== 0x4e) return;
  throw new Error('opened');
}
