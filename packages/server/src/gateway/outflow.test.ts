import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { bounds } from '../limits/bounds.ts';
import { Backlogs } from './backlogs.ts';
import { Flusher } from './flusher.ts';
import { Outflow } from './outflow.ts';

const turn = () => new Promise(setImmediate);

/** A stream whose other end reads when the test says so. */
class Reader extends Duplex {
  readonly read_: Buffer[] = [];
  #next: (() => void) | undefined;
  reads = true;

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.read_.push(chunk);
    if (this.reads) done();
    else this.#next = done;
  }

  resumeReading(): void {
    this.reads = true;
    this.#next?.();
  }
}

function open() {
  const [stream, backlogs, flusher] = [new Reader(), new Backlogs(), new Flusher()];
  let slow = 0;
  const outflow = new Outflow({ stream, flusher, backlogs, onSlow: () => slow++ });
  return {
    stream,
    backlogs,
    outflow,
    slow: () => slow,
    [Symbol.dispose]: () => backlogs.close(),
  };
}

const frame = (bytes: number) => Buffer.alloc(bytes, 'x');

test('[BP10] what is told while the client does not read waits, and comes whole and in order', async () => {
  using line = open();
  line.stream.reads = false;
  const frames = Array.from({ length: 300 }, (_, n) => Buffer.from(String(n)));
  for (const one of frames) {
    line.outflow.tell(one);
    await turn();
  }
  expect(line.stream.read_).toHaveLength(1);
  line.stream.resumeReading();
  await turn();
  await turn();
  expect(Buffer.concat(line.stream.read_)).toEqual(Buffer.concat(frames));
  expect(line.outflow.backlog).toBe(0);
  expect(line.slow()).toBe(0);
});

test('[BP10] events that are not read are bounded; so are answers, further up', async () => {
  using line = open();
  line.stream.reads = false;
  for (let bytes = 0; bytes < 4 * bounds.unreadEventBytes; bytes += 65_536) {
    line.outflow.reply(frame(65_536));
    await turn();
  }
  expect(line.slow()).toBe(0);
  for (let bytes = 0; bytes <= bounds.unreadEventBytes; bytes += 65_536) {
    line.outflow.tell(frame(65_536));
  }
  await turn();
  expect(line.slow()).toBeGreaterThan(0);
});

test('[BP10] a client that is closed for its slowness keeps nothing here; any other gets the rest', async () => {
  for (const how of ['drop', 'write'] as const) {
    using line = open();
    line.stream.reads = false;
    line.outflow.tell(frame(10));
    await turn();
    line.outflow.tell(frame(1_000));
    await turn();
    line.outflow.end(how);
    line.outflow.tell(frame(5));
    line.stream.resumeReading();
    await turn();
    const bytes = Buffer.concat(line.stream.read_).length;
    expect(bytes).toBe(how === 'drop' ? 10 : 1_010);
  }
});

test('[BP11] all that do not read together have a bound, too: the largest fall first', () => {
  const backlogs = new Backlogs();
  const fallen: string[] = [];
  const one = (name: string, mebibytes: number) => {
    const backlog = {
      backlog: mebibytes * 1024 * 1024,
      flush: () => {},
      tooSlow: () => {
        fallen.push(name);
        backlogs.delete(backlog);
      },
    };
    backlogs.add(backlog);
  };
  for (let n = 0; n < 30; n++) one(`small${n}`, 0.5);
  one('large', 12);
  one('larger', 14);
  const now = performance.now();
  backlogs.sweep(now + 500);
  expect(fallen).toEqual([]);
  backlogs.sweep(now + 5_000);
  expect(fallen).toEqual(['larger', 'large'].slice(0, fallen.length));
  expect(fallen[0]).toBe('larger');
  backlogs.sweep(now + 6_000);
  expect(fallen.some((name) => name.startsWith('small'))).toBe(false);
  backlogs.close();
});
