import { Agent, request } from 'node:http';
import { newId } from '@parley/protocol';
import { textFrame } from '../kit/client-frame.ts';
import { RawSocket } from '../kit/raw-socket.ts';
import { RawWebSocket, upgradeRequest } from '../kit/raw-web-socket.ts';
import type { Counter } from './counter.ts';
import type { Job } from './flood.ts';

/** Does it once more; what comes of it is counted later. */
export type Work = () => void;

type Of<K extends Job['kind']> = Extract<Job, { readonly kind: K }>;

/** Calls or sockets of one job that wait for an answer, at most: more would be our own queue. */
const mostWaiting = 400;
/** What a socket holds of ours that the server does not read; then its turn is passed over. */
const mostUnwritten = 64 * 1024;
const key = 'dGhlIHNhbXBsZSBub25jZQ==';

interface Sender {
  socket: RawWebSocket;
  readonly token: string;
  readonly conversation: string | undefined;
  readonly from: string;
  isAway: boolean;
}

/** Frames over open sockets, by turns; one that is closed for flooding is opened again. */
export async function frameWork(port: number, job: Of<'frames'>, counter: Counter): Promise<Work> {
  const addresses = inTurn(job.from);
  const senders = await Promise.all(
    job.tokens.flatMap((token, person) =>
      Array.from({ length: job.socketsEach }, async (): Promise<Sender> => {
        const from = addresses();
        const conversation = job.conversations?.[person];
        return {
          socket: await open(port, token, from, counter),
          token,
          conversation,
          from,
          isAway: false,
        };
      }),
    ),
  );
  const next = inTurn(senders);
  let id = 1;
  return () => {
    const sender = next();
    counter.attempt();
    if (sender.isAway) return;
    if (sender.socket.line.over) {
      void comeBack(port, sender, counter);
      return;
    }
    if (sender.socket.line.unwritten > mostUnwritten) return;
    id++;
    sender.socket.write(textFrame(JSON.stringify(frameOf(sender, id))));
  };
}

function frameOf({ conversation }: Sender, id: number): object {
  if (conversation === undefined) return { id, type: 'ping' };
  return { id, type: 'message.send', conversation, message: { id: newId(), body: 'noise' } };
}

async function comeBack(port: number, sender: Sender, counter: Counter): Promise<void> {
  sender.isAway = true;
  counter.other(`closed with ${sender.socket.closeCode}`);
  try {
    sender.socket = await open(port, sender.token, sender.from, counter);
    sender.isAway = false;
  } catch {
    // Refused for now; the next turn tries again.
    setTimeout(() => {
      sender.isAway = false;
    }, 500);
  }
}

async function open(
  port: number,
  token: string,
  from: string,
  counter: Counter,
): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(port, { from });
  if (!(await socket.hello(token))) throw new Error(`hello: ${socket.texts.join()}`);
  socket.onText = (text) => {
    if (/^\{"id":\d+,"result"/.test(text)) counter.accept();
    else if (text.includes('"code":"rate_limited"')) counter.refuse();
    else if (!text.startsWith('{"event"')) counter.other(text.slice(0, 80));
  };
  return socket;
}

/** Calls over kept connections, from many addresses. */
export async function httpWork(port: number, job: Of<'http'>, counter: Counter): Promise<Work> {
  const agents = job.from.map((localAddress) => ({
    localAddress,
    agent: new Agent({ keepAlive: true, maxSockets: 20 }),
  }));
  const next = inTurn(agents);
  let waiting = 0;
  let number = 0;
  return () => {
    counter.attempt();
    if (waiting >= mostWaiting) return;
    waiting++;
    const done = (count: () => void) => {
      waiting--;
      count();
    };
    number++;
    const call = request(
      {
        ...next(),
        port,
        host: '127.0.0.1',
        path: job.path,
        headers: {
          ...(job.bearer === undefined ? {} : { Authorization: `Bearer ${job.bearer}` }),
          ...(job.forwardedFor === true ? { 'X-Forwarded-For': addressOf(number) } : {}),
        },
      },
      ({ statusCode = 0 }) => {
        done(() => {
          if (statusCode === 429) counter.refuse();
          else if (statusCode < 500) counter.accept();
          else counter.other(String(statusCode));
        });
      },
    );
    call.on('response', (response) => response.resume());
    call.once('error', (error) => done(() => counter.other(error.message)));
    call.end();
  };
}

/** Somebody else's address, another one each time. */
function addressOf(number: number): string {
  return `203.0.${(number >> 8) & 255}.${number & 255}`;
}

/** WebSockets that are opened and let go. */
export async function socketWork(
  port: number,
  job: Of<'sockets'>,
  counter: Counter,
): Promise<Work> {
  const addresses = inTurn(job.from);
  let waiting = 0;
  const visit = async () => {
    const line = await RawSocket.connect(port, { from: addresses() });
    line.write(upgradeRequest(port, { key }));
    const status = (await line.takeUntil('\r\n\r\n'))?.slice(9, 12) ?? 'nothing';
    line.destroy();
    if (status === '101') counter.accept();
    else if (status === '429') counter.refuse();
    else counter.other(status);
  };
  return () => {
    counter.attempt();
    if (waiting >= mostWaiting) return;
    waiting++;
    visit()
      .catch((error: Error) => counter.other(error.message))
      .finally(() => waiting--);
  };
}

function inTurn<T>(items: readonly T[]): () => T {
  let next = 0;
  return () => {
    const item = items[next++ % items.length];
    if (item === undefined) throw new RangeError('nothing to take turns');
    return item;
  };
}
