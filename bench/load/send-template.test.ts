import { newId, parseRequest } from '@parley/protocol';
import { expect, it } from 'vitest';
import { payloadStart } from './masked-frame.ts';
import { scan } from './scan.ts';
import { firstRequestId, SendTemplate } from './send-template.ts';

function unmask(frame: Buffer): string {
  const start = payloadStart(frame);
  const mask = frame.subarray(start - 4, start);
  return frame
    .subarray(start)
    .map((byte, i) => byte ^ (mask[i & 3] ?? 0))
    .toString();
}

it('makes sends that the protocol accepts, each with an id of its own', () => {
  const conversation = newId();
  for (const body of ['hi', 'x'.repeat(2_000)]) {
    const template = new SendTemplate(conversation, body);
    const frames = [0, 1, 0xabcdef].map((n) => template.frame(n));
    const requests = frames.map((frame) => parseRequest(unmask(frame)));
    expect(requests.map(({ id }) => id)).toEqual([0, 1, 0xabcdef].map((n) => firstRequestId + n));
    for (const { type, input } of requests) {
      expect({ type, input }).toMatchObject({
        type: 'message.send',
        input: { conversation, message: { body } },
      });
    }
    expect(new Set(frames.map(unmask)).size).toBe(3);
  }
});

it('gives a number that replies and events tell again', () => {
  const text = unmask(new SendTemplate(newId(), 'hi').frame(0xabcdef));
  const request = parseRequest(text);
  if (request.type !== 'message.send') throw new Error('not a send');
  const { id } = request.input.message;
  const heard = (frame: object) => {
    const bytes = Buffer.from(`..${JSON.stringify(frame)}..`);
    return scan(bytes, 2, bytes.length - 2);
  };
  const result = { seq: 12, version: 13, created_at: '' };
  expect(heard({ id: request.id, result })).toEqual({ type: 'ack', n: 0xabcdef });
  const conversation = newId();
  expect(
    heard({
      event: 'message.created',
      conversation,
      version: 1,
      message: { id, seq: 907, sender: 'ann' },
    }),
  ).toEqual({ type: 'message', n: 0xabcdef, seq: 907 });
  for (const frame of [
    { id: request.id, error: { code: 'not_found' } },
    { error: { code: 'bad_request' } },
    { event: 'drain', retry_after_ms: 5 },
    { event: 'message.updated', conversation, version: 2, message: { id, seq: 1 } },
  ]) {
    expect(heard(frame)).toEqual({ type: 'other' });
  }
});
