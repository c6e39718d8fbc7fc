import { newId } from '@parley/protocol';
import type { SendEvent } from '../history/history.ts';
import { Line, type LineAnswer } from '../history/line.ts';
import { recordAnswer } from '../history/raw-publisher.ts';
import { pause, pickFrom, type Talk } from '../history/talk.ts';
import { httpCall } from '../kit/http-call.ts';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';

/** A message under its id. */
export type Said = Pick<
  Extract<SendEvent, { readonly type: 'invoke' }>,
  'conversation' | 'id' | 'body' | 'user'
>;

/** By which door, and how, one try goes out. */
type Way = 'same line' | 'new line' | 'cut at once' | 'http' | 'twice at once' | 'spaces around it';

const ways: readonly Way[] = [
  'same line',
  'new line',
  'cut at once',
  'http',
  'twice at once',
  'spaces around it',
];

const patienceMs = 60_000;

/** Sends each message one to five times, by every door and in parallel, and then with other words. */
export class Repeater {
  readonly user: string;
  /** What was answered otherwise than promised. */
  readonly wrong: string[] = [];
  readonly #run: Run;
  readonly #talk: Talk;
  readonly #ports: readonly number[];
  readonly #new = new Set<string>();
  #line: Line | undefined;
  #said = 0;

  constructor(run: Run, talk: Talk, { port, nodes }: Topology, user: string) {
    this.#run = run;
    this.#talk = talk;
    this.#ports = [port, ...nodes.map((node) => node.ownPort)];
    this.user = user;
  }

  close(): void {
    this.#line?.cut();
  }

  /** Sends a new message one to five times, all at once or one after the other. */
  async sendOften(conversation: string): Promise<void> {
    const { random } = this.#run;
    const { user } = this;
    const said = { user, conversation, id: newId(), body: `${this.user} says no. ${++this.#said}` };
    const tries = Array.from({ length: random.between(1, 5) }, () => random.pick(ways));
    if (random.chance(0.3)) await Promise.all(tries.map((way) => this.#try(said, way)));
    else for (const way of tries) await this.#try(said, way);
    await this.sendAgain(said);
    if (random.chance(0.2)) await this.#sendOtherWords(said);
  }

  /** Sends it until it is acknowledged. */
  async sendAgain(said: Said): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline) {
      const answer = await this.#try(said, 'same line');
      if (answer.type === 'result') return;
      if (answer.type === 'error' && !answer.error.retryable) {
        this.wrong.push(`a repeat of ${said.id} was answered with ${answer.error.code}`);
        return;
      }
      await pause(50);
    }
    this.wrong.push(`a repeat of ${said.id} was not answered in ${patienceMs} ms`);
  }

  /** Sends a message under this id, until it is acknowledged. */
  async sendAs(conversation: string, id: string, body: string): Promise<void> {
    await this.sendAgain({ user: this.user, conversation, id, body });
  }

  /** The same id for other words is refused, by both doors, as `id_reused`. */
  async #sendOtherWords(said: Said): Promise<void> {
    const other = { ...said, body: `${said.body}, in other words` };
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline) {
      const answer = await this.#try(other, this.#run.random.pick(['same line', 'http']));
      if (answer.type === 'error' && answer.error.code === 'id_reused') return;
      if (answer.type === 'result') {
        this.wrong.push(`other words under ${said.id} were acknowledged`);
        return;
      }
      if (answer.type === 'error' && !answer.error.retryable) {
        this.wrong.push(`other words under ${said.id} were answered with ${answer.error.code}`);
        return;
      }
      await pause(50);
    }
    this.wrong.push(`other words under ${said.id} were not answered in ${patienceMs} ms`);
  }

  async #try(said: Said, way: Way): Promise<LineAnswer> {
    switch (way) {
      case 'http':
        return this.#recorded(said, () => this.#post(said));
      case 'twice at once': {
        const [one] = await Promise.all([
          this.#try(said, 'new line'),
          this.#try(said, this.#run.random.pick(['same line', 'http', 'new line'])),
        ]);
        return one;
      }
      case 'spaces around it':
        return this.#recorded(said, async () => ask(await this.#open(), said, ` ${said.body}\n`));
      case 'same line':
        return this.#recorded(said, async () => ask(await this.#open(), said));
      case 'new line':
      case 'cut at once':
        return this.#recorded(said, () => this.#byNewLine(said, way === 'cut at once'));
    }
  }

  async #recorded(said: Said, send: () => Promise<LineAnswer>): Promise<LineAnswer> {
    const { history } = this.#talk;
    const op = history.nextOp();
    history.record({ type: 'invoke', op, ...said });
    const answer = await send().catch(
      (error: unknown): LineAnswer => ({ type: 'unknown', why: String(error) }),
    );
    recordAnswer(this.#talk, op, answer);
    return answer;
  }

  async #byNewLine(said: Said, cut: boolean): Promise<LineAnswer> {
    const line = await this.#connect();
    try {
      const answer = ask(line, said);
      if (cut) setTimeout(() => line.cut(), this.#run.random.below(4));
      return await answer;
    } finally {
      line.cut();
    }
  }

  async #post({ conversation, id, body }: Said): Promise<LineAnswer> {
    const answer = await httpCall(
      this.#run.random.pick(this.#ports),
      'POST',
      `/v1/conversations/${conversation}/messages`,
      { bearer: this.#talk.tenant.token(this.user), body: { id, body } },
    );
    if (answer.status === 200 || answer.status === 201) {
      if (answer.status === 201) this.#created(`${conversation} ${id}`);
      return { type: 'result', result: answer.body };
    }
    const told = answer.body as { readonly code?: string } | undefined;
    // A balancer's own page knows nothing of what became of it.
    if (told?.code === undefined) return { type: 'unknown', why: `HTTP ${answer.status}` };
    const error = { message: '', retryable: answer.status >= 500 || answer.status === 429 };
    // The table's codes; the checker compares them as texts.
    return { type: 'error', error: { ...error, code: told.code as 'internal' } };
  }

  /** 201 says that it was not there before: once at the most. */
  #created(message: string): void {
    if (this.#new.has(message)) this.wrong.push(`${message} was answered with 201 again`);
    this.#new.add(message);
  }

  async #open(): Promise<Line> {
    if (this.#line?.open !== true) this.#line = await this.#connect();
    return this.#line;
  }

  #connect(): Promise<Line> {
    const { sockets, tenant } = this.#talk;
    const url = pickFrom(sockets, () => this.#run.random.next());
    return Line.open({ url, token: tenant.token(this.user) });
  }
}

function ask(line: Line, { conversation, id, body }: Said, written = body): Promise<LineAnswer> {
  return line.ask('message.send', { conversation, message: { id, body: written } });
}
