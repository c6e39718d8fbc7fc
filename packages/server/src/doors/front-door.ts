import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bounds } from '../limits/bounds.ts';
import { Places } from '../limits/places.ts';
import { type ClientAddresses, countedAs } from './client-address.ts';
import { doorHeaders } from './door-headers.ts';
import { answerPlain, answerRaw, type RawRefusal } from './raw-answer.ts';
import { hostFault, targetFault } from './request-target.ts';

interface FrontDoorOptions {
  readonly publicUrl: URL | undefined;
  readonly addresses: ClientAddresses;
  readonly onRequest: RequestListener;
  /** `since`: when the client came, on the monotonic clock. */
  readonly onUpgrade: (
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    since: number,
  ) => void;
}

interface Newcomer {
  readonly key: string;
  readonly since: number;
  readonly onClose: () => void;
}

const serverOptions: ServerOptions = {
  // Who sends a request drop by drop is cut off; milliseconds for its head, and for all of it.
  headersTimeout: 4_500,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 400,
  // Whoever vanished without a word is found by the system too.
  keepAlive: true,
  keepAliveInitialDelay: 20_000,
  // Checked below, where the answer has our headers.
  requireHostHeader: false,
  // Clients that offer HTTP/2 beside (Java's do) are answered as if they had not: RFC 9110, 7.8.
  shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
};

/** A socket on which nothing moves is given up; an upgraded one has its heartbeat instead. */
const silentMs = 40_000;
/** Of these a request has one at most: two would be read differently by us and by a proxy. */
const single = ['host', 'authorization', 'origin'];

/**
 * The one HTTP server before both doors: bounds who may arrive, and answers what is no request.
 *
 * Whatever Node would answer by itself (400, 408, 417, 431) has our form and headers here too.
 */
export function createFrontDoor(options: FrontDoorOptions): HttpServer {
  const { addresses, onRequest, onUpgrade } = options;
  const always = doorHeaders(options.publicUrl);
  const arriving = new Map<Duplex, Newcomer>();
  const places = new Places({ most: bounds.arriving, each: bounds.arrivingPerAddress });
  const answers = new WeakMap<Duplex, ServerResponse>();
  const refused = new WeakSet<Duplex>();

  const arrive = (socket: Socket) => {
    const address = addresses.of({ peer: socket.remoteAddress, forwardedFor: undefined });
    // A trusted proxy brings many, and one line of it is as good as another.
    const isProxy = addresses.isTrusted(address);
    const key = isProxy ? `${address} ${socket.remotePort}` : countedAs(address);
    if (!places.enter(key)) {
      socket.destroy();
      return;
    }
    const onClose = () => arrived(socket);
    arriving.set(socket, { key, since: performance.now(), onClose });
    socket.once('close', onClose);
  };
  const arrived = (socket: Duplex): Newcomer | undefined => {
    const newcomer = arriving.get(socket);
    if (newcomer === undefined) return undefined;
    arriving.delete(socket);
    socket.removeListener('close', newcomer.onClose);
    places.leave(newcomer.key);
    return newcomer;
  };

  const http = createServer(serverOptions, (request, response) => {
    arrived(request.socket);
    answers.set(request.socket, response);
    const fault = faultOf(request);
    if (fault === undefined) onRequest(request, response);
    else answerPlain(response, fault, always);
  });
  http.maxConnections = bounds.sockets;
  http.setTimeout(silentMs);
  http.on('connection', arrive);
  http.on('upgrade', (request, stream, head) => {
    const since = arrived(stream)?.since ?? performance.now();
    const fault = faultOf(request);
    if (fault === undefined) onUpgrade(request, stream, head, since);
    else answerRaw(stream, fault, always);
  });
  http.on('connect', (_request, stream) => {
    answerRaw(stream, { code: 'method_not_allowed' }, always);
  });
  http.on('checkExpectation', (_request, response) => {
    const message = 'Nothing but `Expect: 100-continue` is understood.';
    answerPlain(response, { code: 'bad_request', status: 417, message }, always);
  });
  http.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    // What still arrives of a request that was refused is no request either: that was said.
    if (refused.has(stream)) return;
    refused.add(stream);
    const response = answers.get(stream);
    // In the middle of an answer there is nothing that could be said without spoiling it.
    const isAnswering = response?.headersSent === true && !response.writableFinished;
    if (error.code === 'ECONNRESET' || !stream.writable || isAnswering) stream.destroy();
    else answerRaw(stream, refusalOf(error), always);
  });
  return http;
}

function faultOf(request: IncomingMessage): RawRefusal | undefined {
  const seen = new Set<string>();
  const { rawHeaders } = request;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    if (!single.includes(name)) continue;
    if (seen.has(name))
      return { code: 'bad_request', message: `There are two \`${name}\` headers.` };
    seen.add(name);
  }
  if (!seen.has('host') && request.httpVersion !== '1.0') {
    return { code: 'bad_request', message: 'The request names no `Host`.' };
  }
  const { host } = request.headers;
  const message =
    (host === undefined ? undefined : hostFault(host)) ?? targetFault(request.url ?? '');
  return message === undefined ? undefined : { code: 'bad_request', message };
}

function refusalOf(error: NodeJS.ErrnoException): RawRefusal {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'too_large', status: 431, message: 'The headers are larger than 16 KiB.' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { code: 'too_large' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'bad_request', status: 408, message: 'The request did not arrive in time.' };
    default:
      return { code: 'bad_request', message: 'This is not HTTP/1.1 as RFC 9112 has it.' };
  }
}
