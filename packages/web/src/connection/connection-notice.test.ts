import { expect, test } from 'vitest';
import { connectionNotice } from './connection-notice.ts';

const waiting = { status: 'waiting', attempt: 1, since: 0, retryAt: 9_000 } as const;
const line = { lostAt: 10_000, wasOnline: true };

test('[PG8] a line that is back within two seconds is not spoken of', () => {
  expect(connectionNotice(waiting, { ...line, now: 11_500 })).toEqual({ show: 'later', inMs: 500 });
  expect(connectionNotice(waiting, { ...line, now: 12_000 })).toEqual({ show: 'reconnecting' });
});

test('[PG8] before it was ever up it is connecting, not connecting again', () => {
  const first = { status: 'connecting', attempt: 0, since: 0 } as const;
  const asked = { lostAt: 0, wasOnline: false, now: 5_000 };
  expect(connectionNotice(first, asked)).toEqual({ show: 'connecting' });
});

test('[PG8] no network is said at once, and nothing when all is well', () => {
  const offline = { status: 'offline', since: 0 } as const;
  expect(connectionNotice(offline, { ...line, now: 10_000 })).toEqual({ show: 'offline' });
  const online = { status: 'online', since: 0 } as const;
  expect(connectionNotice(online, { ...line, now: 99_000 })).toEqual({ show: 'nothing' });
});
