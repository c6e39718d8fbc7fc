import { newId } from '@parley/protocol';
import { pause } from '../history/talk.ts';
import { type Answer, type HttpCall, textAt } from '../kit/http-call.ts';
import type { Tenant } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';
import { withDatabase } from '../kit/with-database.ts';

const everyMs = 60;

/** What happened to questions asked one after another, all the time. */
export interface Probed {
  readonly sent: number;
  readonly refused: number;
  readonly reads: number;
  /** Reads that were refused though PostgreSQL itself answered before and after. */
  readonly refusedReads: readonly string[];
  /** Refusals of sends that are anything but `unavailable`, and everything else that is wrong. */
  readonly wrong: readonly string[];
}

/** Somebody who sends and reads all the time, over HTTP, and compares with what PostgreSQL can do. */
export class Probe {
  readonly #topology: Topology;
  readonly #tenant: Tenant;
  readonly #conversation: string;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  readonly #refusedReads: string[] = [];
  readonly #wrong: string[] = [];
  #sent = 0;
  #refused = 0;
  #reads = 0;
  #lastSentAt = 0;
  #turn = 0;

  static async start(topology: Topology): Promise<Probe> {
    const tenant = await topology.tenant(['probe', 'other']);
    const { body } = await topology.call('POST', '/v1/conversations', {
      bearer: tenant.token('probe'),
      body: { kind: 'direct', members: ['other'] },
    });
    return new Probe(topology, tenant, textAt(body, 'conversation.id'));
  }

  private constructor(topology: Topology, tenant: Tenant, conversation: string) {
    this.#topology = topology;
    this.#tenant = tenant;
    this.#conversation = conversation;
    this.#ended = Promise.all([this.#keepSending(), this.#keepReading()]).then(() => {});
  }

  get refused(): number {
    return this.#refused;
  }

  get reads(): number {
    return this.#reads;
  }

  /** Resolves when a message that was sent after this moment is acknowledged. */
  async taken(withinMs: number): Promise<boolean> {
    const began = performance.now();
    while (this.#lastSentAt < began) {
      if (performance.now() - began > withinMs) return false;
      await pause(10);
    }
    return true;
  }

  async stop(): Promise<Probed> {
    this.#stopping.abort();
    await this.#ended;
    return {
      sent: this.#sent,
      refused: this.#refused,
      reads: this.#reads,
      refusedReads: this.#refusedReads,
      wrong: this.#wrong,
    };
  }

  async #keepSending(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // Long, so that pages fill up.
      const message = { id: newId(), body: 'x'.repeat(2_000) };
      const began = performance.now();
      const answer = await this.#ask('POST', message);
      if (answer?.status === 201) {
        this.#sent += 1;
        this.#lastSentAt = began;
      } else {
        this.#refused += 1;
        if (answer !== undefined && answer.status !== 503) {
          this.#wrong.push(`a send was answered with ${answer.status} ${answer.text}`);
        }
      }
      await pause(everyMs);
    }
  }

  async #keepReading(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const before = await this.#databaseSince();
      const answer = await this.#ask('GET');
      const after = await this.#databaseSince();
      if (answer?.status === 200) this.#reads += 1;
      else if (before !== undefined && before === after) {
        this.#refusedReads.push(`a read was answered with ${answer?.status} ${answer?.text}`);
      }
      const { status } = await this.#call('GET', '/healthz').catch(() => ({ status: 0 }));
      if (status !== 200) this.#wrong.push(`/healthz was answered with ${status}`);
      await pause(everyMs);
    }
  }

  /** Since when PostgreSQL has been up; undefined while it does not answer. */
  #databaseSince(): Promise<string | undefined> {
    return withDatabase(this.#topology.address, async (session) => {
      const { rows } = await session.query<{ since: string }>(
        'select pg_postmaster_start_time()::text as since',
      );
      return rows[0]?.since;
    }).catch(() => undefined);
  }

  async #ask(method: 'GET' | 'POST', message?: object): Promise<Answer | undefined> {
    const path = `/v1/conversations/${this.#conversation}/messages`;
    const bearer = this.#tenant.token('probe');
    const body = message === undefined ? {} : { body: message };
    return this.#call(method, path, { bearer, ...body }).catch((error: unknown) => {
      this.#wrong.push(`the server did not answer: ${String(error)}`);
      return undefined;
    });
  }

  /** The nodes by turns, not by way of nginx: that tells answers of its own while all say 503. */
  #call(method: string, path: string, call: HttpCall = {}): Promise<Answer> {
    const { nodes } = this.#topology;
    this.#turn += 1;
    const node = nodes[this.#turn % nodes.length];
    if (node === undefined) throw new Error('there is no node');
    return node.call(method, path, call);
  }
}
