import type { SeededRandom } from '../kit/seeded-random.ts';
import { oddValues, pathsOf, without, withValueAt } from './odd-values.ts';

/** What a mutation may draw on. */
export interface Material {
  readonly random: SeededRandom;
  /** Words that mean something to what is fuzzed. */
  readonly words: readonly string[];
  /** Other inputs, to be crossed with. */
  readonly others: readonly Buffer[];
}

const longest = 70_000;
const longestJson = 2_000;
const interesting = [0x00, 0x01, 0x20, 0x22, 0x5c, 0x7b, 0x7d, 0x2e, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

type Mutation = (input: Buffer, material: Material) => Buffer;

/** Changes an input in one to five ways. */
export function mutate(input: Buffer, material: Material): Buffer {
  let mutated = input;
  const times = 1 + material.random.below(5);
  for (let time = 0; time < times; time++) {
    mutated = material.random.pick(mutations)(mutated, material);
  }
  return mutated.length > longest ? mutated.subarray(0, longest) : mutated;
}

const mutations: readonly Mutation[] = [
  flipBit,
  setByte,
  insertBytes,
  removeRange,
  repeatRange,
  insertWord,
  insertWord,
  crossWithOther,
  changeNumber,
  changeJson,
  changeJson,
  cutOff,
];

function flipBit(input: Buffer, { random }: Material): Buffer {
  if (input.length === 0) return input;
  const output = Buffer.from(input);
  const at = random.below(output.length);
  output[at] = (output[at] ?? 0) ^ (1 << random.below(8));
  return output;
}

function setByte(input: Buffer, { random }: Material): Buffer {
  if (input.length === 0) return input;
  const output = Buffer.from(input);
  output[random.below(output.length)] = random.pick(interesting);
  return output;
}

function insertBytes(input: Buffer, { random }: Material): Buffer {
  const at = random.below(input.length + 1);
  const bytes = random.chance(0.5)
    ? random.bytes(random.between(1, 8))
    : Buffer.alloc(random.between(1, 64), random.pick(interesting));
  return splice(input, at, at, bytes);
}

function removeRange(input: Buffer, { random }: Material): Buffer {
  const [from, to] = range(input, random);
  return splice(input, from, to, Buffer.alloc(0));
}

function repeatRange(input: Buffer, { random }: Material): Buffer {
  const [from, to] = range(input, random);
  const piece = input.subarray(from, to);
  const times = random.chance(0.1) ? random.between(10, 500) : random.between(1, 4);
  return splice(input, to, to, Buffer.concat(Array.from({ length: times }, () => piece)));
}

function insertWord(input: Buffer, { random, words }: Material): Buffer {
  if (words.length === 0) return input;
  const word = Buffer.from(random.pick(words));
  const from = random.below(input.length + 1);
  const to = random.chance(0.5) ? from : Math.min(input.length, from + word.length);
  return splice(input, from, to, word);
}

function crossWithOther(input: Buffer, { random, others }: Material): Buffer {
  if (others.length === 0) return input;
  const other = random.pick(others);
  return Buffer.concat([
    input.subarray(0, random.below(input.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ]);
}

/** Numbers written in digits become their neighbours, or huge. */
function changeNumber(input: Buffer, { random }: Material): Buffer {
  const text = input.toString('latin1');
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return input;
  const found = random.pick(numbers);
  const value = BigInt(found[0].slice(0, 30));
  const changed = random.pick([
    value + 1n,
    value - 1n,
    -value,
    value * 2n ** 32n,
    2n ** 53n,
    2n ** 64n - 1n,
    BigInt(random.bits()),
  ]);
  const at = found.index;
  return splice(input, at, at + found[0].length, Buffer.from(String(changed)));
}

/** Where it is JSON: something odd in one place, or nothing. */
function changeJson(input: Buffer, { random }: Material): Buffer {
  // Brackets by the thousand are as deep as our own stack.
  if (input.length > longestJson) return input;
  const text = input.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Most inputs are none.
    return input;
  }
  const paths = pathsOf(value);
  if (paths.length > 500) return input;
  const path = random.pick(paths);
  const changed = random.chance(0.2)
    ? without(value, path)
    : withValueAt(value, path, random.pick(oddValues));
  return Buffer.from(JSON.stringify(changed) ?? '');
}

function cutOff(input: Buffer, { random }: Material): Buffer {
  return input.subarray(0, random.below(input.length + 1));
}

function range(input: Buffer, random: SeededRandom): readonly [number, number] {
  const from = random.below(input.length + 1);
  const most = Math.min(input.length - from, random.chance(0.8) ? 16 : input.length);
  return [from, from + random.below(most + 1)];
}

function splice(input: Buffer, from: number, to: number, piece: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, from), piece, input.subarray(to)]);
}
