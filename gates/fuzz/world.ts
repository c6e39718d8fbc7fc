import { newId } from '@parley/protocol';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { Tenant } from '../kit/tenant.ts';
import type { SampleWorld } from './command-samples.ts';

/** A server with a person who sends it nonsense, and things for the nonsense to be about. */
export interface World {
  readonly installed: Installed;
  readonly tenant: Tenant;
  readonly sample: SampleWorld;
  /** A socket on which the person has said hello. */
  connect(): Promise<RawWebSocket>;
}

export async function makeWorld(installed: Installed): Promise<World> {
  const tenant = await installed.tenant(['member', 'fuzzer']);
  const token = tenant.token('fuzzer');
  const made = await installed.call('POST', '/v1/conversations', {
    bearer: token,
    body: { kind: 'group', name: 'Fuzz', members: ['member'] },
  });
  const conversation = textAt(made.body, 'conversation.id');
  return {
    installed,
    tenant,
    sample: { conversation, member: 'member', token, newId },
    async connect() {
      const socket = await RawWebSocket.open(installed.port);
      if (await socket.hello(token)) {
        socket.frames.length = 0;
        return socket;
      }
      throw new Error(`hello was answered with ${socket.texts.join() || socket.closeCode}`);
    },
  };
}
