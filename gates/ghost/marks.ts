import { newId } from '@parley/protocol';
import type { Person } from '../kit/tenant.ts';
import { withDatabase } from '../kit/with-database.ts';
import type { Scene } from './scene.ts';
import type { Watcher } from './watcher.ts';

const groupSize = 25;
/** Messages in each group: so far a mark can go. */
export const lastSeq = 6;

/** Groups of people who read what two watchers can see; what was acknowledged is remembered. */
export class Marks {
  readonly #groups = new Map<string, string>();
  /** The highest acknowledged mark of each person. */
  readonly acknowledged = new Map<string, number>();

  static async begin(scene: Scene, host: Person, guests: readonly string[]): Promise<Marks> {
    const marks = new Marks();
    for (let first = 0; first < scene.users.length; first += groupSize) {
      const members = scene.users.slice(first, first + groupSize);
      const { conversation } = await host.ask('conversation.create', {
        kind: 'group',
        name: `group ${first}`,
        members: [...members, ...guests],
      });
      for (const user of members) marks.#groups.set(user, conversation.id);
      for (let seq = 1; seq <= lastSeq; seq++) {
        const message = { id: newId(), body: `message ${seq}` };
        await host.ask('message.send', { conversation: conversation.id, message });
      }
    }
    return marks;
  }

  /** Reads up to there; a refusal or a lost line says nothing. */
  async read(user: string, person: Person, seq: number): Promise<void> {
    try {
      await person.ask('read', { conversation: this.groupOf(user), seq });
    } catch {
      return;
    }
    this.acknowledged.set(user, Math.max(this.acknowledged.get(user) ?? 0, seq));
  }

  groupOf(user: string): string {
    const group = this.#groups.get(user);
    if (group === undefined) throw new Error(`${user} is in no group`);
    return group;
  }

  /** Whether the database, and what a watcher's `sync` is told, hold all that was acknowledged. */
  async check({ run, cluster, tenant }: Scene, watcher: Watcher): Promise<void> {
    const stored = await withDatabase(cluster.address, async (session) => {
      const { rows } = await session.query<{ user_id: string; read_seq: number }>(
        'select user_id, read_seq::int from member where tenant_id = $1',
        [tenant.id],
      );
      return new Map(rows.map((row) => [row.user_id, row.read_seq]));
    });
    const told = await this.#toldMarks(watcher);
    for (const [user, seq] of this.acknowledged) {
      run.expect((stored.get(user) ?? 0) >= seq, `the mark of ${user} went back in the database`);
      run.expect((told.get(user) ?? 0) >= seq, `sync tells an older mark of ${user}`);
    }
  }

  async #toldMarks(watcher: Watcher): Promise<Map<string, number>> {
    const { epoch, me } = watcher.socket.hello;
    const known = Object.fromEntries(
      [...new Set(this.#groups.values())].map((id) => [id, { version: 1, last_seq: 0 }]),
    );
    const told = new Map<string, number>();
    const answer = await watcher.socket.ask('sync', { epoch, me, known });
    for (const { marks } of answer.conversations) {
      for (const [user, { read }] of Object.entries(marks)) told.set(user, read);
    }
    return told;
  }
}
