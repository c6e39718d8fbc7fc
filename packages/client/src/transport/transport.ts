/** What a transport tells. After `closed` it tells nothing more. */
export interface TransportEvents {
  opened(): void;
  frame(text: string): void;
  closed(code: number, reason: string): void;
}

/** One line to the server, as thin as can be: whole text frames out and in. */
export interface Transport {
  send(text: string): void;
  /** Ends it. `closed` may come late or never: a dead network does not say goodbye. */
  close(): void;
}

/** Begins to open a line. Never throws: what goes wrong comes as `closed`. */
export type Connect = (address: string, events: TransportEvents) => Transport;
