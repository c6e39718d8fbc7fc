import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@parley/protocol';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';
import { checkHistory } from './check-history.ts';
import type { Findings } from './findings.ts';
import { History } from './history.ts';
import { Line } from './line.ts';
import { type LoggedConversation, type LogSource, readHead, readLog } from './log.ts';
import { RawPublisher } from './raw-publisher.ts';
import { RawReader } from './raw-reader.ts';
import { type SdkClient, sdkClient } from './sdk-client.ts';
import { SdkPublisher } from './sdk-publisher.ts';
import { SdkReader } from './sdk-reader.ts';
import { pause, pickFrom, type Talk } from './talk.ts';

/** What a crowd needs of the installation that it talks on. */
export type CrowdGround = Pick<Topology, 'tenant' | 'socketUrl'> & {
  readonly nodes: readonly Pick<Topology['nodes'][number], 'ownPort' | 'socketUrl'>[];
};

interface CrowdPlan {
  readonly conversations: number;
  /** People who write by bare sockets and by the SDK. */
  readonly publishers: { readonly raw: number; readonly sdk: number };
  readonly readers: { readonly raw: number; readonly sdk: number };
  /** Between two messages of one publisher, in ms, at the most. */
  readonly pauseMs?: number;
  /** Every writer writes in all conversations; otherwise in two. */
  readonly everywhere?: boolean;
  /** `front`: all by the balancer. `nodes`: each line to a node by chance. Both by default. */
  readonly by?: 'front' | 'nodes';
}

/** After the faults are over, everybody has seen everything by then. */
const settleMs = { ci: 15_000, full: 60_000 };

/** People who write and read without end, all of it recorded, on any installation. */
export class Crowd {
  readonly history = new History();
  readonly tenant: Tenant;
  readonly talk: Talk;
  readonly conversations: readonly string[];
  readonly #run: Run;
  readonly #ground: CrowdGround;
  readonly #plan: CrowdPlan;
  readonly #sdks: SdkClient[] = [];
  readonly #publishers: (RawPublisher | SdkPublisher)[] = [];
  readonly #rawReaders: RawReader[] = [];
  /** Of another tenant: sees nothing of theirs, and is not waited for. */
  readonly #stranger: RawReader;
  readonly #sdkReaders: { readonly reader: SdkReader; readonly conversation: string }[] = [];

  /** Puts them into conversations; readers read from here on. `talk` lets the writers begin. */
  static async gather(run: Run, ground: CrowdGround, plan: CrowdPlan): Promise<Crowd> {
    const names = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${name}${index}`);
    const { publishers, readers } = plan;
    const writers = names('writer', publishers.raw + publishers.sdk);
    const audience = names('reader', readers.raw + readers.sdk);
    const tenant = await ground.tenant(['owner', ...writers, ...audience]);
    const owner = await Line.open({ url: ground.socketUrl, token: tenant.token('owner') });
    const conversations: string[] = [];
    for (let index = 0; index < plan.conversations; index++) {
      const conversation = newId();
      const here = writers.filter((_, writer) => placesOf(writer, plan).includes(index));
      const members = [...here, ...audience];
      const input = { kind: 'group', conversation, members };
      const answer = await owner.ask('conversation.create', input);
      if (answer.type !== 'result') throw new Error(`no conversation: ${JSON.stringify(answer)}`);
      conversations.push(conversation);
    }
    owner.cut();
    const strangers = await strangersOf(ground, conversations);
    return new Crowd(run, ground, { plan, tenant, strangers, conversations });
  }

  private constructor(
    run: Run,
    ground: CrowdGround,
    made: {
      readonly plan: CrowdPlan;
      readonly tenant: Tenant;
      readonly strangers: Tenant;
      readonly conversations: readonly string[];
    },
  ) {
    const { plan, tenant, conversations } = made;
    this.#run = run;
    this.#ground = ground;
    this.#plan = plan;
    this.tenant = tenant;
    this.conversations = conversations;
    const front = [ground.socketUrl];
    const nodes = ground.nodes.map(({ socketUrl }) => socketUrl);
    const sockets =
      plan.by === 'front' ? front : plan.by === 'nodes' ? nodes : [...front, ...nodes];
    const { history } = this;
    this.talk = { history, tenant, sockets, random: () => run.random.next() };
    this.#seat(plan);
    const strange = { ...this.talk, tenant: made.strangers };
    const stranger = { reader: 'stranger', user: 'stranger', conversations: [] };
    this.#stranger = new RawReader(strange, stranger);
  }

  /** Lets the writers begin. */
  begin(): void {
    const { publishers, pauseMs } = this.#plan;
    for (let index = 0; index < publishers.raw + publishers.sdk; index++) {
      const user = `writer${index}`;
      const conversations = placesOf(index, this.#plan).flatMap(
        (place) => this.conversations[place] ?? [],
      );
      const options = { user, conversations, ...(pauseMs === undefined ? {} : { pauseMs }) };
      if (index < publishers.raw) {
        this.#publishers.push(new RawPublisher(this.talk, options));
        continue;
      }
      const sdk = sdkClient(this.talk, user);
      this.#sdks.push(sdk);
      this.#publishers.push(new SdkPublisher(this.talk, { ...sdk, ...options }));
    }
  }

  /** Two more readers, who see everything from the first message on: one bare, one with the SDK. */
  addLatecomers(): void {
    const { conversations } = this;
    const raw = { reader: 'latecomer (raw)', user: 'owner', conversations };
    this.#rawReaders.push(new RawReader(this.talk, raw));
    this.#seatSdk('latecomer (SDK)', 'owner');
  }

  /** Cuts the line of somebody, as a bad network does. */
  cutSomebody(): void {
    const all = [
      this.#stranger,
      ...this.#rawReaders,
      ...this.#sdks,
      ...this.#publishers.filter((one) => one instanceof RawPublisher),
    ];
    pickFrom(all, this.talk.random).cut();
  }

  /** Writers answer for what is under way and stop. */
  async quiet(): Promise<void> {
    await Promise.all(this.#publishers.map((one) => one.stop()));
  }

  /** Waits until every reader has everything; answers how long it took, undefined for too long. */
  async #settle(): Promise<number | undefined> {
    await this.quiet();
    const began = performance.now();
    const heads = await Promise.all(
      this.conversations.map(async (conversation) => ({
        conversation,
        head: await readHead(this.#source(0, conversation)),
      })),
    );
    const isBehind = () =>
      heads.some(
        ({ conversation, head }) =>
          this.#rawReaders.some((one) => one.last(conversation) < head) ||
          this.#sdkReaders.some(
            (one) => one.conversation === conversation && one.reader.last < head,
          ),
      );
    while (isBehind()) {
      if (performance.now() - began > this.#run.sized(settleMs)) return undefined;
      await pause(20);
    }
    return performance.now() - began;
  }

  /** The conversations in full, as these nodes tell them; all nodes by default. */
  async logs(
    nodes: readonly number[] = [...this.#ground.nodes.keys()],
  ): Promise<LoggedConversation[]> {
    const logs: LoggedConversation[] = [];
    for (const node of nodes) {
      const reading = this.conversations.map((one) => readLog(this.#source(node, one)));
      logs.push(...(await Promise.all(reading)));
    }
    return logs;
  }

  #source(node: number, conversation: string): LogSource {
    const port = this.#ground.nodes[node]?.ownPort ?? 0;
    return { node: `node ${node}`, port, conversation, bearer: this.tenant.token('owner') };
  }

  /** Everybody stops; the history is compared with the logs of all nodes, and findings are failures. */
  async finish(): Promise<Findings> {
    const settledMs = await this.#settle();
    // What they would still tell, such as marks, is not to be newer than what is read now.
    await this.leave();
    const logs = await this.logs();
    const findings = checkHistory(this.history.events, logs);
    await keepFindings(this.#run, findings, this.history, logs);
    // After what the checker found, which says more.
    if (settledMs === undefined) {
      const seconds = this.#run.sized(settleMs) / 1_000;
      this.#run.fail(`hole: somebody had not seen everything ${seconds} s after the last message`);
    } else this.#run.note('ms until all readers had everything', settledMs);
    return findings;
  }

  /** Everybody goes. */
  async leave(): Promise<void> {
    for (const { reader } of this.#sdkReaders) reader.stop();
    for (const { client } of this.#sdks) client.disconnect();
    await Promise.all([this.#stranger, ...this.#rawReaders].map((one) => one.stop()));
  }

  #seat({ readers }: CrowdPlan): void {
    const { conversations } = this;
    for (let index = 0; index < readers.raw + readers.sdk; index++) {
      const user = `reader${index}`;
      if (index < readers.raw) {
        const options = { reader: `${user} (raw)`, user, conversations, markEvery: 25 };
        this.#rawReaders.push(new RawReader(this.talk, options));
        continue;
      }
      this.#seatSdk(`${user} (SDK)`, user);
    }
  }

  #seatSdk(reader: string, user: string): void {
    const { history, conversations } = this;
    const sdk = sdkClient(this.talk, user);
    this.#sdks.push(sdk);
    const { client } = sdk;
    for (const conversation of conversations) {
      const options = { history, client, reader, user, conversation };
      this.#sdkReaders.push({ reader: new SdkReader(options), conversation });
    }
  }
}

/** Another tenant whose conversations have the same ids: whatever its reader sees is a leak. */
async function strangersOf(ground: CrowdGround, conversations: readonly string[]): Promise<Tenant> {
  const strangers = await ground.tenant(['stranger', 'friend']);
  const line = await Line.open({ url: ground.socketUrl, token: strangers.token('stranger') });
  for (const conversation of conversations) {
    const input = { kind: 'group', conversation, members: ['friend'] };
    const answer = await line.ask('conversation.create', input);
    if (answer.type !== 'result') throw new Error(`no conversation: ${JSON.stringify(answer)}`);
  }
  line.cut();
  return strangers;
}

/** Where a writer writes: two places, so that many write in each and nobody hears all of it. */
function placesOf(writer: number, { conversations, everywhere }: CrowdPlan): readonly number[] {
  if (everywhere === true) return Array.from({ length: conversations }, (_, place) => place);
  return [writer % conversations, (writer * 7 + 3) % conversations];
}

/** Findings are the gate's failures; the history that has them is kept for `replay.ts`. */
export async function keepFindings(
  run: Run,
  findings: Findings,
  history: History,
  logs: readonly LoggedConversation[],
): Promise<void> {
  if (findings.total === 0) return;
  const folder = await mkdtemp(join(tmpdir(), 'parley-history-'));
  const file = join(folder, 'history.jsonl');
  await history.save(file, logs);
  run.say(`  the history: node gates/history/replay.ts ${file}`);
  for (const finding of findings.worstFirst()) run.fail(`${finding.class}: ${finding.what}`);
}
