import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A machine of its own as far as its network goes. */
export interface Namespace {
  /** Reachable from the others, and from nowhere else. */
  readonly address: string;
  /** What starts a program there: put it before the command. */
  readonly enter: readonly string[];
}

/**
 * Machines on one switch, whose packets can be lost: network namespaces, veth pairs and a bridge.
 *
 * All of it, the bridge too, is in namespaces made here; nothing of this machine's network changes.
 * Only root may.
 */
export class Namespaces implements AsyncDisposable {
  readonly all: readonly Namespace[];
  readonly #names: readonly string[];

  static async make(count: number): Promise<Namespaces> {
    if (process.getuid?.() !== 0) {
      throw new Error('Network namespaces are made, which only root may do.');
    }
    // The name of an interface has 15 characters at the most.
    const prefix = `pg${randomBytes(3).toString('hex')}`;
    const hub = `${prefix}hub`;
    const names = Array.from({ length: count }, (_, index) => `${prefix}n${index}`);
    const made = new Namespaces([hub, ...names]);
    try {
      await ip('netns', 'add', hub);
      await ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
      await ip('-n', hub, 'link', 'set', 'bridge', 'up');
      for (const [index, name] of names.entries()) {
        const port = `${name}p`;
        await ip('netns', 'add', name);
        await ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'eth0', 'netns', name);
        await ip('-n', hub, 'link', 'set', port, 'master', 'bridge', 'up');
        await ip('-n', name, 'address', 'add', `${addressOf(index)}/24`, 'dev', 'eth0');
        await ip('-n', name, 'link', 'set', 'eth0', 'up');
        await ip('-n', name, 'link', 'set', 'lo', 'up');
      }
      return made;
    } catch (cause) {
      await made[Symbol.asyncDispose]();
      throw new Error('No namespaces: this takes iproute2, and CAP_SYS_ADMIN in a container.', {
        cause,
      });
    }
  }

  private constructor(names: readonly string[]) {
    this.#names = names;
    this.all = names.slice(1).map((name, index) => ({
      address: addressOf(index),
      enter: ['ip', 'netns', 'exec', name],
    }));
  }

  /** What `from` sends to `to` vanishes; the other way still works. Nobody is told. */
  async lose(from: number, to: number): Promise<void> {
    await ip('-n', this.#name(from), 'route', 'replace', 'blackhole', addressOf(to));
  }

  /** Pulls the cable of one of them, or plugs it in again. */
  async plug(index: number, state: 'up' | 'down'): Promise<void> {
    const [hub = ''] = this.#names;
    await ip('-n', hub, 'link', 'set', `${this.#name(index)}p`, state);
  }

  /** All packets arrive again. */
  async heal(): Promise<void> {
    for (const index of this.all.keys()) {
      await this.plug(index, 'up');
      for (const other of this.all.keys()) {
        // Most are not there.
        await ip('-n', this.#name(index), 'route', 'del', 'blackhole', addressOf(other)).catch(
          () => {},
        );
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What is in them goes with them.
    for (const name of this.#names) await ip('netns', 'delete', name).catch(() => {});
  }

  #name(index: number): string {
    return this.#names[index + 1] ?? '';
  }
}

function addressOf(index: number): string {
  return `10.177.0.${index + 1}`;
}

async function ip(...words: readonly string[]): Promise<void> {
  await run('ip', words);
}
