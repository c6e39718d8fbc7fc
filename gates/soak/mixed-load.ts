import { newId, ParleyError } from '@parley/protocol';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import type { Person, Tenant } from '../kit/tenant.ts';

/** Everything that people do, all the time, at a pace that a machine can keep for days. */
export class MixedLoad {
  readonly #run: Run;
  readonly #installed: Installed;
  readonly #tenant: Tenant;
  readonly #groups: readonly string[];
  readonly #stopped = new AbortController();
  readonly #workers: Promise<void>[] = [];
  /** How long answers to sends took since the last look, in milliseconds. */
  #delays: number[] = [];
  #done = 0;

  static async begin(run: Run, installed: Installed): Promise<MixedLoad> {
    const tenant = await installed.tenant(people);
    const owner = await tenant.connect('p0');
    const groups: string[] = [];
    for (let n = 0; n < groupCount; n++) {
      const members = people.slice(1, 20);
      const { conversation } = await owner.ask('conversation.create', { kind: 'group', members });
      groups.push(conversation.id);
    }
    await owner.close();
    return new MixedLoad(run, installed, { tenant, groups });
  }

  private constructor(
    run: Run,
    installed: Installed,
    { tenant, groups }: { readonly tenant: Tenant; readonly groups: readonly string[] },
  ) {
    this.#run = run;
    this.#installed = installed;
    this.#tenant = tenant;
    this.#groups = groups;
    const begin = (count: number, work: (n: number) => Promise<void>) => {
      for (let n = 0; n < count; n++) this.#workers.push(this.#repeat(() => work(n)));
    };
    begin(6, (n) => this.#talk(`p${n}`));
    begin(10, (n) => this.#comeAndGo(`p${20 + n}`));
    begin(1, () => this.#govern());
    begin(2, (n) => this.#callByHttp(`p${10 + n}`));
    begin(1, () => this.#rename());
  }

  /** How much was done. */
  get done(): number {
    return this.#done;
  }

  /** Takes the delays since the last time. */
  takeDelays(): number[] {
    const delays = this.#delays;
    this.#delays = [];
    return delays;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#workers);
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (!this.#stopped.signal.aborted && this.#installed.ended === undefined) {
      try {
        await work();
      } catch (error) {
        // Two may change the same thing at once: who comes second is told so.
        const isRace = error instanceof ParleyError && races.includes(error.code);
        await this.#pause(200);
        // Of a server that has ended, its end is told.
        if (isRace || this.#installed.ended !== undefined) continue;
        this.#run.fail(`somebody was refused: ${String(error)}`);
      }
    }
  }

  /** Sends, types, reads, marks: for a while, on one line. */
  async #talk(user: string): Promise<void> {
    const socket = await this.#tenant.connect(user);
    try {
      for (let n = 0; n < 200 && !this.#stopped.signal.aborted; n++) {
        const conversation = this.#run.random.pick(this.#groups);
        await socket.ask('typing', { conversation, typing: true });
        const seq = await this.#send(socket, conversation);
        await socket.ask('read', { conversation, seq });
        if (n % 10 === 0) await socket.ask('message.list', { conversation });
        if (n % 25 === 0) await socket.ask('ping', {});
        socket.events.length = 0;
        await this.#pause(this.#run.random.between(20, 60));
      }
    } finally {
      await socket.close();
    }
  }

  /** Comes, asks what it missed, watches others, and goes, at times without a word. */
  async #comeAndGo(user: string): Promise<void> {
    const socket = await this.#tenant.connect(user);
    const { epoch, me } = socket.hello;
    await socket.ask('sync', { epoch, me, known: {} });
    await socket.ask('presence.watch', { users: people.slice(0, 10) });
    await socket.ask('conversation.list', {});
    await this.#pause(this.#run.random.between(10, 100));
    this.#done++;
    if (this.#run.random.chance(0.5)) await socket.close();
    else socket.terminate();
  }

  /** Adds, removes, names and blocks. */
  async #govern(): Promise<void> {
    const socket = await this.#tenant.connect('p0');
    try {
      for (let n = 0; n < 50 && !this.#stopped.signal.aborted; n++) {
        const conversation = this.#run.random.pick(this.#groups);
        const user = this.#run.random.pick(guests);
        await socket.ask('member.add', { conversation, users: [user] });
        await socket.ask('conversation.update', { conversation, name: `name ${n}` });
        await socket.ask('block.add', { user });
        await socket.ask('block.remove', { user });
        await socket.ask('member.remove', { conversation, user });
        socket.events.length = 0;
        this.#done += 5;
        await this.#pause(100);
      }
    } finally {
      await socket.close();
    }
  }

  async #callByHttp(user: string): Promise<void> {
    const bearer = this.#tenant.token(user);
    const path = `/v1/conversations/${this.#run.random.pick(this.#groups)}/messages`;
    const body = { id: newId(), body: 'by HTTP' };
    await this.#call('POST', path, { bearer, body });
    await this.#call('GET', path, { bearer });
    await this.#call('GET', '/v1/conversations', { bearer });
    await this.#pause(150);
  }

  async #rename(): Promise<void> {
    const user = this.#run.random.pick(people);
    const body = { name: `${user} ${this.#run.random.below(1_000)}` };
    await this.#call('PUT', `/v1/users/${user}`, { bearer: this.#tenant.apiKey, body });
    await this.#pause(250);
  }

  async #send(socket: Person, conversation: string): Promise<number> {
    const began = performance.now();
    const message = { id: newId(), body: 'x'.repeat(this.#run.random.between(10, 400)) };
    const { seq } = await socket.ask('message.send', { conversation, message });
    this.#delays.push(performance.now() - began);
    this.#done += 3;
    return seq;
  }

  async #call(...[method, path, call]: Parameters<Installed['call']>): Promise<void> {
    const { status, text } = await this.#installed.call(method, path, call);
    if (status >= 300) this.#run.fail(`${method} ${path}: ${status} ${text}`);
    this.#done++;
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopped;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, signal.aborted ? 0 : ms);
      signal.addEventListener('abort', end);
    });
  }
}

const groupCount = 12;
const people = Array.from({ length: 40 }, (_, n) => `p${n}`);
/** Members of nothing but what they are added to. */
const guests = people.slice(30);
const races = ['not_found', 'already_exists'];
