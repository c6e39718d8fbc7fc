import type { Connect } from './transport.ts';

/** As much of a WebSocket as is used here; browsers and Node >= 22 have it. */
interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: (() => void) | null;
}

const openState = 1;

/** Opens a WebSocket, the platform's own. */
export const connectWebSocket: Connect = (address, events) => {
  // The platform's global, which no library that both Node and browsers share describes.
  const platform = globalThis as unknown as { readonly WebSocket?: new (url: string) => Socket };
  let socket: Socket | null = null;
  const closed = (code: number, reason: string) => {
    if (socket !== null) socket.onopen = socket.onmessage = socket.onclose = null;
    socket = null;
    events.closed(code, reason);
  };
  try {
    if (platform.WebSocket === undefined) throw new Error('This runtime has no WebSocket.');
    socket = new platform.WebSocket(address);
    socket.onopen = () => events.opened();
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') events.frame(data);
    };
    socket.onclose = ({ code, reason }) => closed(code, reason);
    // The close event follows and tells more. Without a listener Node would throw.
    socket.onerror = () => {};
  } catch (error) {
    queueMicrotask(() => closed(1006, String(error)));
  }
  return {
    // Into a closing socket nothing goes; the close event is under way.
    send: (text) => {
      if (socket?.readyState === openState) socket.send(text);
    },
    close: () => socket?.close(),
  };
};
