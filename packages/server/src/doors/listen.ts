import type { Server as HttpServer } from 'node:http';
import { OperatorError } from '../operator-error.ts';

/**
 * Connections that the system holds until we take them. With Node's 511 a storm loses the rest, who try
 * again after 1, 3 and 7 s. Linux takes no more than `net.core.somaxconn`.
 */
const backlog = 16_384;

/** Listens, and answers the port; throws with a message for the operator when that is impossible. */
export function listen(http: HttpServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      reject(new OperatorError(cannotListen(error, port, host), error));
    };
    http.once('error', refuse);
    http.listen({ port, host, backlog }, () => {
      http.removeListener('error', refuse);
      const address = http.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function cannotListen(error: NodeJS.ErrnoException, port: number, host: string): string {
  const place = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${place} is taken by another program. Stop it, or choose another port with PORT.`;
    case 'EACCES':
      return `This user may not listen at ${place}. Choose a PORT from 1024 on.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine. Set HOST to one that is.`;
    default:
      return `Cannot listen at ${place}: ${error.message}`;
  }
}
