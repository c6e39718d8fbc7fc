import { setImmediate } from 'node:timers/promises';
import { personOf } from './person-key.ts';
import type { StepAnswer } from './redis-answers.ts';
import { SlotScripts, type SlotScriptsOptions } from './redis-slot-scripts.ts';
import type { Counted, PresenceChange, Standing } from './store.ts';

export interface RedisSlotOptions extends SlotScriptsOptions {
  readonly onChange: (changes: readonly PresenceChange[]) => Promise<void>;
  /** What was told or answered of this slot may be wrong. */
  readonly onDoubt: () => void;
  readonly onError: (error: unknown) => void;
}

/** Somebody who came or went, of which Redis does not know yet. */
interface Wish {
  readonly act: 'hold' | 'release';
  /** Whoever asked. Undefined: it is told as a change, since nobody waits for it. */
  readonly settle: ((counted: Counted) => void) | undefined;
}

type Question = (standing: Standing) => void;

interface Batch {
  readonly fresh: boolean;
  /** People by key; those who came first. */
  readonly wishes: ReadonlyMap<string, Wish>;
  readonly came: readonly string[];
  readonly went: readonly string[];
  readonly questions: ReadonlyMap<string, readonly Question[]>;
}

const mostInBatch = 1_000;
/** Begin afresh with this many at the most; the others follow. */
const mostAfresh = 5_000;
/** Who left while Redis was away, to be told then; above this the watchers find it out themselves. */
const mostDeparted = 10_000;
const restMs = 250;

/**
 * One share of all people: those whose keys are in one slot of Redis.
 *
 * One script at a time carries all that has gathered meanwhile. After any failure the next one begins
 * afresh, with everybody whom this node has: whatever Redis has lost or missed, it is right then.
 */
export class RedisSlot {
  readonly #options: RedisSlotOptions;
  readonly #scripts: SlotScripts;
  /** Whom Redis should have for this node, apart from the wishes. */
  readonly #stored = new Set<string>();
  readonly #wishes = new Map<string, Wish>();
  readonly #questions = new Map<string, Question[]>();
  /** Who was said to have left while Redis was away, and when. */
  readonly #departed = new Map<string, number>();
  /** Who is to be told of as online again with the next beat. */
  readonly #untold: PresenceChange[] = [];
  /** Redis has what we believe. */
  #sound = false;
  /** When the slot was empty, as it was known last. */
  #born: number | undefined;
  #beatDue = false;
  #working = false;
  #sweeping = false;
  #restUntil = 0;

  constructor(options: RedisSlotOptions) {
    this.#options = options;
    this.#scripts = new SlotScripts(options);
  }

  hold(key: string): Promise<Counted> {
    return this.#wish(key, 'hold');
  }

  release(key: string): Promise<Counted> {
    return this.#wish(key, 'release');
  }

  look(key: string): Promise<Standing> {
    return new Promise((resolve) => {
      const asked = this.#questions.get(key);
      if (asked === undefined) this.#questions.set(key, [resolve]);
      else asked.push(resolve);
      void this.#work();
    });
  }

  /** What this node knows itself. */
  guess(key: string): Standing {
    return this.#has(key)
      ? { online: true, turn: this.#options.turns.newest }
      : { online: false, turn: 0 };
  }

  /** Renews the lease, and looks for those that have ended; also after Redis was away. */
  beat(): void {
    this.#beatDue = true;
    this.#restUntil = 0;
    if (this.#untold.length > 0) void this.#tell(this.#untold.splice(0));
    void this.#work();
  }

  /** This node stops; its people have so long to come to another. */
  async leave(graceMs: number): Promise<void> {
    if (this.#stored.size > 0) await this.#scripts.leave(graceMs);
  }

  #wish(key: string, act: Wish['act']): Promise<Counted> {
    const { promise, resolve } = Promise.withResolvers<Counted>();
    this.#supersede(key);
    this.#wishes.set(key, { act, settle: resolve });
    void this.#work();
    return promise;
  }

  /** Of two wishes that Redis has not heard of the later one counts; of the other nothing is told. */
  #supersede(key: string): void {
    const { turns } = this.#options;
    this.#wishes.get(key)?.settle?.({ elsewhere: true, turn: turns.newest });
  }

  #has(key: string): boolean {
    const wish = this.#wishes.get(key);
    return wish === undefined ? this.#stored.has(key) : wish.act === 'hold';
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    // All that comes in one turn of the event loop goes together.
    await setImmediate();
    while (this.#beatDue || this.#wishes.size > 0 || this.#questions.size > 0) await this.#step();
    this.#working = false;
  }

  async #step(): Promise<void> {
    if (performance.now() < this.#restUntil) {
      this.#giveUp();
      return;
    }
    this.#beatDue = false;
    const batch = this.#gather();
    const { fresh, came, went, questions } = batch;
    const asked = [...questions.keys()];
    try {
      const believed = this.#stored.size;
      const answer = await this.#scripts.step({ fresh, believed, came, went, asked });
      this.#take(batch, answer);
    } catch (error) {
      // Redis is away; or it did it, and the answer was lost.
      this.#options.onError(error);
      this.#putBack(batch);
      for (const [key, questions] of batch.questions) answerAll(questions, this.guess(key));
      this.#restUntil = performance.now() + restMs;
      this.#options.onDoubt();
      this.#giveUp();
    }
  }

  #gather(): Batch {
    const fresh = !this.#sound;
    if (fresh) this.#wishAfresh();
    const chosen = [...this.#wishes].slice(0, fresh ? mostAfresh : mostInBatch);
    const came = chosen.filter(([, { act }]) => act === 'hold');
    const went = chosen.filter(([, { act }]) => act === 'release');
    for (const [key] of chosen) this.#wishes.delete(key);
    const questions = new Map([...this.#questions].slice(0, mostInBatch));
    for (const key of questions.keys()) this.#questions.delete(key);
    return {
      fresh,
      wishes: new Map([...came, ...went]),
      came: came.map(([key]) => key),
      went: went.map(([key]) => key),
      questions,
    };
  }

  /** Everybody is said again, and who left while nobody listened. */
  #wishAfresh(): void {
    const again = (key: string, act: Wish['act']) => {
      if (!this.#wishes.has(key)) this.#wishes.set(key, { act, settle: undefined });
    };
    for (const key of this.#stored) again(key, 'hold');
    for (const key of this.#departed.keys()) again(key, 'release');
    this.#stored.clear();
  }

  #take(batch: Batch, answer: StepAnswer): void {
    const { done, young, born, online, dead, elsewhere, turn } = answer;
    // At first nobody has been told anything by this node.
    const isOther = this.#born !== undefined && (batch.fresh || this.#born !== born);
    if (!done || young || isOther) this.#options.onDoubt();
    this.#sound = done;
    if (done) {
      this.#born = born;
      this.#takeChanges(batch, elsewhere, turn);
    } else {
      this.#putBack(batch);
      this.#beatDue = true;
    }
    [...batch.questions].forEach(([key, questions], index) => {
      const isOnline = online[index] === true || this.#has(key);
      answerAll(questions, { online: isOnline, turn: !isOnline && young ? 0 : turn });
    });
    for (const lease of dead) void this.#sweep(lease);
  }

  #takeChanges({ wishes }: Batch, elsewhere: readonly boolean[], turn: number): void {
    const changes: PresenceChange[] = [];
    [...wishes].forEach(([key, { act, settle }], index) => {
      const online = act === 'hold';
      if (online) this.#stored.add(key);
      else this.#stored.delete(key);
      const isElsewhere = elsewhere[index] === true;
      // This node took them for gone and said so, perhaps to nodes that never were in doubt.
      const departedAt = this.#departed.get(key);
      this.#departed.delete(key);
      if (isElsewhere && departedAt !== undefined && (!online || settle === undefined)) {
        changes.push({ ...personOf(key), online: true, turn, agoMs: 0 });
      } else if (!isElsewhere && settle === undefined) {
        const agoMs = departedAt === undefined ? 0 : performance.now() - departedAt;
        changes.push({ ...personOf(key), online, turn, agoMs });
      }
      settle?.({ elsewhere: isElsewhere && !(online && departedAt !== undefined), turn });
    });
    if (changes.length > 0) void this.#tell(changes);
  }

  async #tell(changes: readonly PresenceChange[]): Promise<void> {
    try {
      await this.#options.onChange(changes);
    } catch (error) {
      this.#options.onError(error);
      // Those who went are told of until it works by whoever was answered that they did.
      const back = changes.filter(({ online }) => online);
      if (this.#untold.length + back.length <= mostDeparted) this.#untold.push(...back);
    }
  }

  #putBack({ wishes }: Batch): void {
    for (const [key, wish] of wishes) {
      if (!this.#wishes.has(key)) this.#wishes.set(key, wish);
      else wish.settle?.({ elsewhere: true, turn: this.#options.turns.newest });
    }
  }

  /** Redis is away: what this node knows counts. */
  #giveUp(): void {
    this.#sound = false;
    this.#beatDue = false;
    for (const [key, { act, settle }] of this.#wishes) {
      if (act === 'hold') {
        this.#stored.add(key);
        this.#departed.delete(key);
      } else {
        this.#stored.delete(key);
        if (this.#departed.size < mostDeparted && !this.#departed.has(key)) {
          this.#departed.set(key, performance.now());
        }
      }
      settle?.({ elsewhere: false, turn: this.#options.turns.next() });
    }
    this.#wishes.clear();
    for (const [key, questions] of this.#questions) answerAll(questions, this.guess(key));
    this.#questions.clear();
  }

  /** Tells who was online by a lease that has ended. Others may do so, too: that does no harm. */
  async #sweep(lease: string): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      for (;;) {
        const found = await this.#scripts.dead(lease);
        if (found === undefined) break;
        const { turn, ended, agoMs, people } = found;
        const gone = people.filter(({ elsewhere }) => !elsewhere);
        const changes = gone.map(({ key }) => ({ ...personOf(key), online: false, turn, agoMs }));
        // First told, then forgotten: should this node die in between, another one tells.
        if (changes.length > 0) await this.#options.onChange(changes);
        const told = people.map(({ key }) => key);
        await this.#scripts.forget(lease, ended, told);
      }
    } catch (error) {
      // Redis or the database is away: they stay, and the next beat finds them.
      this.#options.onError(error);
    } finally {
      this.#sweeping = false;
    }
  }
}

function answerAll(questions: readonly Question[], standing: Standing): void {
  for (const answer of questions) answer(standing);
}
