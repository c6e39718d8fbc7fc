import type { Client } from '@parley/client';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

const ClientContext = createContext<Client | null>(null);

export const ClientProvider = ClientContext.Provider;

/** The signed-in person's client. Only below `ClientProvider`. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error('useClient stands outside ClientProvider.');
  return client;
}
