import { type Device, systemDevice } from './monitor/device.ts';
import type { Connect } from './transport/transport.ts';
import { connectWebSocket } from './transport/websocket.ts';

/** What the client takes from the world around it; tests bring their own. */
export interface Environment {
  /** Milliseconds since 1970, as the device believes. */
  readonly now: () => number;
  /** From 0, below 1. */
  readonly random: () => number;
  /** Calls once after this time; returns the function that calls it off. */
  readonly after: (ms: number, call: () => void) => () => void;
  readonly connect: Connect;
  readonly device: Device;
}

export function systemEnvironment(): Environment {
  return {
    now: Date.now,
    random: Math.random,
    after: (ms, call) => {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
    connect: connectWebSocket,
    device: systemDevice,
  };
}
