/** Tar's unit: heads and contents are filled up to it. */
export const blockBytes = 512;

/** An entry's head and content, filled up to whole blocks. Plain ustar: any tar reads it. */
export function tarEntry(name: string, content: Uint8Array, seconds: number): Buffer {
  const filled = Buffer.alloc(Math.ceil(content.length / blockBytes) * blockBytes);
  filled.set(content);
  return Buffer.concat([tarHead(name, content.length, seconds), filled]);
}

/** What stands at the end of a tar. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockBytes);

interface TarHead {
  readonly name: string;
  readonly size: number;
}

/** Reads a head that `tarEntry` wrote; undefined when it is anything else. */
export function parseTarHead(block: Buffer): TarHead | undefined {
  const name = block.toString('latin1', 0, block.indexOf(0));
  const size = Number.parseInt(block.toString('latin1', 124, 135), 8);
  const seconds = Number.parseInt(block.toString('latin1', 136, 147), 8);
  // Written anew it must be the same: so no byte of it can have changed.
  if (
    /^[\w./-]{1,99}$/.test(name) &&
    Number.isSafeInteger(size) &&
    Number.isSafeInteger(seconds) &&
    tarHead(name, size, seconds).equals(block)
  ) {
    return { name, size };
  }
  return undefined;
}

function tarHead(name: string, size: number, seconds: number): Buffer {
  const head = Buffer.alloc(blockBytes);
  head.write(name, 0, 99, 'latin1');
  head.write('0000600\0', 100, 'latin1');
  head.write('0000000\0', 108, 'latin1');
  head.write('0000000\0', 116, 'latin1');
  head.write(`${octal(size)}\0`, 124, 'latin1');
  head.write(`${octal(seconds)}\0`, 136, 'latin1');
  head.write('        0', 148, 'latin1');
  head.write('ustar\u000000', 257, 'latin1');
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return head;
}

function octal(value: number): string {
  return value.toString(8).padStart(11, '0');
}
