import { newId } from '@parley/protocol';
import type { Person, Tenant } from '../kit/tenant.ts';

const body = 'x'.repeat(9_000);
const membersPerCall = 500;
/** Whatever has no answer by then has none. */
const patienceMs = 15_000;

/** A group in which somebody talks a lot: 9 KB at a time, at a steady pace. */
export class LoudRoom {
  readonly conversation: string;
  readonly #writer: Person;
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  readonly #faults: string[] = [];
  readonly #underWay = new Set<Promise<unknown>>();

  /** Makes the group; its members must be users already. */
  static async open(tenant: Tenant, members: readonly string[]): Promise<LoudRoom> {
    const writer = await tenant.connect('writer');
    const { conversation } = await writer.ask('conversation.create', {
      kind: 'group',
      members: members.slice(0, membersPerCall),
    });
    for (let at = membersPerCall; at < members.length; at += membersPerCall) {
      const users = members.slice(at, at + membersPerCall);
      await writer.ask('member.add', { conversation: conversation.id, users });
    }
    return new LoudRoom(writer, conversation.id);
  }

  private constructor(writer: Person, conversation: string) {
    this.#writer = writer;
    this.conversation = conversation;
  }

  /** Messages written until now. */
  get sent(): number {
    return this.#sent;
  }

  /** What its writer should not have been told. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  begin(everyMs: number): void {
    this.#timer = setInterval(() => this.#say(), everyMs);
  }

  /** So many messages as fast as they are stored. */
  async burst(count: number): Promise<void> {
    const atOnce = 10;
    for (let said = 0; said < count; said += atOnce) {
      for (let one = 0; one < atOnce; one++) this.#say();
      await Promise.all(this.#underWay);
    }
  }

  /** Stops, and resolves when everything is answered. */
  async pause(): Promise<void> {
    clearInterval(this.#timer);
    const late = new Promise((resolve) => setTimeout(resolve, patienceMs).unref());
    await Promise.race([Promise.all(this.#underWay), late]);
    const open = this.#underWay.size;
    if (open > 0) this.#faults.push(`${open} sends were not answered in ${patienceMs} ms`);
  }

  async end(): Promise<void> {
    await this.pause();
    await this.#writer.close();
  }

  #say(): void {
    const message = { id: newId(), body };
    const saying = this.#writer
      .ask('message.send', { conversation: this.conversation, message })
      .then(
        () => {
          this.#sent++;
        },
        (error: unknown) => this.#faults.push(String(error)),
      )
      .finally(() => this.#underWay.delete(saying));
    this.#underWay.add(saying);
  }
}
