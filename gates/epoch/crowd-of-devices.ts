import type { Client, ConversationHandle } from '../../packages/client/src/index.ts';
import { History } from '../history/history.ts';
import { sdkClient } from '../history/sdk-client.ts';
import { pause } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';

/** Everybody is to show the truth within this time. */
const convergeMs = 30_000;

export interface Device {
  readonly user: string;
  readonly client: Client;
  readonly open: readonly ConversationHandle[];
  /** Its line is lost; it comes back by itself. */
  cut(): void;
}

/** What an application shows of one conversation: its row and the newest page. */
interface Shown {
  readonly row: string;
  readonly page: readonly string[];
}

interface Place {
  readonly tenant: Tenant;
  /** Where clients connect. */
  readonly sockets: readonly string[];
  /** Those that are opened, as on a screen. */
  readonly conversations: readonly string[];
}

/** The real SDK, with conversations open, as an application has it. */
export function openDevice(
  run: Run,
  { tenant, sockets, conversations }: Place,
  user: string,
): Device {
  const talk = { history: new History(), tenant, sockets, random: () => run.random.next() };
  const { client, cut } = sdkClient(talk, user);
  const open = conversations.map((id) => {
    const handle = client.conversation(id);
    handle.open();
    return handle;
  });
  return { user, client, open, cut };
}

/** Waits until devices show what a new device of the same person shows; what differs is a failure. */
export async function expectSame(
  run: Run,
  place: Place,
  devices: readonly Device[],
  messages: number,
): Promise<void> {
  const began = performance.now();
  const fresh = openDevice(run, place, devices[0]?.user ?? '');
  try {
    const truth = await settled(fresh, messages);
    if (truth === undefined) {
      run.fail(`a new device is not shown ${messages} messages in every conversation`);
      return;
    }
    let wrong = devices;
    while (wrong.length > 0 && performance.now() - began < convergeMs) {
      await pause(50);
      wrong = wrong.filter((device) => differs(device, truth) !== undefined);
    }
    for (const device of wrong) run.fail(`a client does not converge: ${differs(device, truth)}`);
    run.note('ms until all showed the truth', performance.now() - began);
  } finally {
    fresh.client.disconnect();
  }
}

async function settled(device: Device, messages: number): Promise<Map<string, Shown> | undefined> {
  const until = performance.now() + convergeMs;
  while (performance.now() < until) {
    const shown = shownBy(device);
    if ([...shown.values()].every(({ page }) => page.length >= Math.min(messages, pageSize))) {
      return shown;
    }
    await pause(50);
  }
  return undefined;
}

const pageSize = 20;

function differs(device: Device, truth: ReadonlyMap<string, Shown>): string | undefined {
  const shown = shownBy(device);
  for (const [id, { row, page }] of truth) {
    const mine = shown.get(id);
    if (mine?.row !== row) return `the row of ${id} is ${mine?.row}, should be ${row}`;
    const at = page.findIndex((said, index) => said !== mine.page[index]);
    if (at >= 0) return `in ${id} it shows ${mine.page[at]} instead of ${page[at]}`;
  }
  const listed = (one: ReadonlyMap<string, Shown>) => [...one.keys()].toSorted().join();
  return listed(shown) === listed(truth) ? undefined : 'it lists other conversations';
}

function shownBy({ client, open }: Device): Map<string, Shown> {
  const shown = new Map<string, Shown>();
  for (const row of client.conversations.getSnapshot().conversations) {
    const { id, name, version, last_seq, first_seq, unread, last_message } = row;
    const said = JSON.stringify({
      name,
      version,
      last_seq,
      first_seq,
      unread,
      last: last_message?.id,
    });
    shown.set(id, { row: said, page: [] });
  }
  for (const handle of open) {
    const { messages } = handle.getSnapshot();
    const page = messages.map((one) => `${'seq' in one ? one.seq : '?'} ${one.id} ${one.body}`);
    shown.set(handle.id, { row: shown.get(handle.id)?.row ?? '', page: page.slice(-pageSize) });
  }
  return shown;
}
