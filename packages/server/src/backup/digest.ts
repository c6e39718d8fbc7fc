import { createHash } from 'node:crypto';

/** What rows are, in short. */
export interface Digest {
  readonly rows: number;
  readonly sha256: string;
}

/** Reads rows to their end; `hear` is told how many bytes have gone by. */
export async function digestOf(
  reading: AsyncGenerator<Buffer, number>,
  hear: (bytes: number) => void = () => {},
): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (;;) {
    const { done, value } = await reading.next();
    if (done) return { rows: value, sha256: hash.digest('hex') };
    hash.update(value);
    bytes += value.length;
    hear(bytes);
  }
}
