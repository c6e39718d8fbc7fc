/** The numbers of an RSA public key, as they stand in a JWK: big-endian. */
interface RsaNumbers {
  readonly n: Buffer;
  readonly e: Buffer;
}

const fewestBits = 2_048;
// Verifying costs time by the square of it.
const mostBits = 8_192;
const smallestExponent = 65_537n;
const exponentBytes = 4;

/**
 * Vouches that an RSA key is strong enough to be relied on; `refused` makes the error.
 *
 * An exponent of 1 turns any text into its own signature; small ones have a history of forgeries.
 */
export function readRsaKey(n: Buffer, e: Buffer, refused: (what: string) => Error): RsaNumbers {
  if (n[0] === 0 || e[0] === 0) throw refused('should have numbers without zeros in front.');
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
  if (bits < fewestBits) throw refused(`should have at least ${fewestBits} bits.`);
  if (bits > mostBits) throw refused(`should have at most ${mostBits} bits.`);
  if (isEven(n)) throw refused('should have an odd modulus.');
  if (e.length > exponentBytes || isEven(e) || toNumber(e) < smallestExponent) {
    throw refused('should have the exponent 65537.');
  }
  return { n, e };
}

function isEven(number: Buffer): boolean {
  return ((number.at(-1) ?? 0) & 1) === 0;
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}
