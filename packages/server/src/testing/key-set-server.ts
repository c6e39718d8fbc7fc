import { createServer, type RequestListener } from 'node:http';
import { SafeFetch } from '../outbound/safe-fetch.ts';

/** A host product's address of keys, on a free port of this machine. */
export interface KeySetServer extends AsyncDisposable {
  readonly url: string;
  /** Reaches this server and no other. */
  readonly outbound: SafeFetch;
  /** How often it was asked. */
  readonly asked: () => number;
  /** What it answers from now on: these keys, or anything else. */
  publish(keys: readonly object[]): void;
  answer(listener: RequestListener): void;
}

/** Starts one that publishes no keys. */
export async function startKeySetServer(): Promise<KeySetServer> {
  let asked = 0;
  let answer: RequestListener = () => {};
  const publish = (keys: readonly object[]) => {
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ keys }));
    };
  };
  publish([]);
  const server = createServer((request, response) => {
    asked++;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    outbound: new SafeFetch({ privateHosts: [`127.0.0.1:${port}`], timeMs: 2_000 }),
    asked: () => asked,
    publish,
    answer: (listener) => {
      answer = listener;
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
