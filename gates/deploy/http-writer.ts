import { newId } from '@parley/protocol';
import type { Crowd } from '../history/crowd.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';

/** Somebody who writes over HTTP without end, by way of the balancer, and takes no refusal. */
export class HttpWriter {
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(run: Run, { call }: Pick<Topology, 'call'>, crowd: Crowd) {
    this.#running = this.#write(run, call, crowd);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #write(run: Run, call: Topology['call'], crowd: Crowd): Promise<void> {
    const { history, tenant, conversations } = crowd;
    const [conversation = ''] = conversations;
    const user = 'owner';
    const bearer = tenant.token(user);
    for (let nth = 1; !this.#stopped; nth++) {
      const message = { id: newId(), body: `${user} ${nth}` };
      const op = history.nextOp();
      history.record({ type: 'invoke', op, user, conversation, ...message });
      const path = `/v1/conversations/${conversation}/messages`;
      const { status, body } = await call('POST', path, { bearer, body: message });
      if (status === 201) history.record({ type: 'ok', op, seq: seqOf(body) });
      else {
        history.record({ type: 'info', op, why: `HTTP ${status}` });
        run.fail(`a POST was answered with ${status}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function seqOf(body: unknown): number {
  const told = body as { readonly seq?: number } | null;
  return typeof told?.seq === 'number' ? told.seq : Number.NaN;
}
