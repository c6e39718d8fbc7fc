import { ErrorReply } from '@redis/client';
import type { Logger } from 'pino';
import { Ear } from './ear.ts';
import { type Line, nameOf } from './line.ts';
import type { Servers } from './servers.ts';

export interface ChannelsOptions {
  readonly servers: Servers;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** A text came on a subscribed channel. */
  readonly onText: (channel: string, text: string) => void;
  /** These are heard from now on: for the first time, or again after the line was lost. */
  readonly onHearing: (channels: readonly string[]) => void;
  /** This many texts that `publish` had taken did not reach the server after all. */
  readonly onLost: (texts: number) => void;
}

/** What may be on its way to one server, in texts and in characters; more is dropped. */
const mostTexts = 10_000;
const mostCharacters = 16 * 1024 * 1024;

interface Load {
  texts: number;
  characters: number;
}

/** Publishing and listening; in a cluster by shards. It may lose texts, and never waits or throws. */
export class Channels {
  readonly #options: ChannelsOptions;
  readonly #ears = new Map<string, Ear>();
  readonly #wanted = new Map<string, Ear | undefined>();
  readonly #loads = new WeakMap<Line, Load>();
  #revision = 0;
  #closed = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    this.reroute();
  }

  /** Whether everything that is subscribed can be heard, and everybody be told. */
  get reachable(): boolean {
    const ears = [...this.#ears.values()];
    return this.#options.servers.reachable && ears.length > 0 && ears.every((ear) => ear.answers);
  }

  subscribe(channel: string): void {
    if (this.#closed || this.#wanted.has(channel)) return;
    const ear = this.#earOf(channel);
    this.#wanted.set(channel, ear);
    ear?.want(channel);
  }

  unsubscribe(channel: string): void {
    this.#wanted.get(channel)?.unwant(channel);
    this.#wanted.delete(channel);
  }

  /** Sends a text to everybody who listens; answers false where it is dropped at once. */
  publish(channel: string, text: string): boolean {
    const line = this.#options.servers.lineOf(channel);
    const link = line?.link;
    if (line === undefined || link === undefined || this.#closed) return false;
    const load = this.#loadOf(line);
    if (load.texts >= mostTexts || load.characters + text.length > mostCharacters) return false;
    load.texts++;
    load.characters += text.length;
    const command = this.#options.servers.isCluster === true ? 'SPUBLISH' : 'PUBLISH';
    link
      .sendCommand([command, channel, text])
      .catch((error: unknown) => {
        this.#options.onLost(1);
        if (error instanceof ErrorReply) this.#options.servers.askSoon();
      })
      .finally(() => {
        load.texts--;
        load.characters -= text.length;
      });
    return true;
  }

  /** Looks again which server has which channel. */
  reroute(): void {
    const { servers } = this.#options;
    if (this.#revision === servers.revision || this.#closed) return;
    this.#revision = servers.revision;
    const lines = new Set([...servers.lines()].map((line) => nameOf(line.address)));
    for (const line of servers.lines()) this.#openEar(line);
    for (const [channel, before] of this.#wanted) {
      const ear = this.#earOf(channel);
      if (ear === before) continue;
      before?.unwant(channel);
      ear?.want(channel);
      this.#wanted.set(channel, ear);
    }
    for (const [name, ear] of this.#ears) {
      if (lines.has(name)) continue;
      this.#ears.delete(name);
      void ear.close();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wanted.clear();
    await Promise.all([...this.#ears.values()].map((ear) => ear.close()));
  }

  #earOf(channel: string): Ear | undefined {
    const line = this.#options.servers.lineOf(channel);
    return line === undefined ? undefined : this.#ears.get(nameOf(line.address));
  }

  #openEar(line: Line): void {
    const name = nameOf(line.address);
    if (this.#ears.has(name)) return;
    const { servers, log, onText, onHearing } = this.#options;
    const ear = new Ear({
      address: line.address,
      sharded: servers.isCluster === true,
      log,
      onText,
      onHearing,
      onMoved: () => servers.askSoon(),
    });
    this.#ears.set(name, ear);
  }

  #loadOf(line: Line): Load {
    const known = this.#loads.get(line);
    if (known !== undefined) return known;
    const load = { texts: 0, characters: 0 };
    this.#loads.set(line, load);
    return load;
  }
}
