/** A cluster's servers share this many slots. */
export const slotCount = 16_384;

const polynomial = 0x1021;

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ polynomial : crc << 1;
  return crc & 0xffff;
});

/**
 * The slot of a key or channel, as a cluster counts it.
 *
 * What stands between the first `{` and the next `}`, unless that is nothing, stands for the whole.
 */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) {
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ byte] ?? 0);
  }
  return crc % slotCount;
}

/** Which server of a cluster serves a range of slots, both ends included. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly host: string;
  readonly port: number;
}

/** Reads the answer of `CLUSTER SLOTS`; `asked` is who stands for a server without a host. */
export function parseSlotRanges(answer: unknown, asked: string): SlotRange[] {
  if (!Array.isArray(answer)) return [];
  return answer.flatMap((range: unknown) => {
    if (!Array.isArray(range)) return [];
    const [from, to, master]: unknown[] = range;
    if (typeof from !== 'number' || typeof to !== 'number' || !Array.isArray(master)) return [];
    const [host, port]: unknown[] = master;
    if (typeof port !== 'number') return [];
    const named = typeof host === 'string' && host !== '' && host !== '?';
    return [{ from, to, host: named ? host : asked, port }];
  });
}
