// Many clients in a process of their own. Told what to do by messages; see crowd.ts.
import { Client } from './client.ts';
import type { CrowdNews, CrowdOrder, CrowdReport } from './crowd.ts';

/** The first time they come one after the other. */
const comingAtOnce = 100;
/** Who is not back by then does not come back. */
const backMs = 60_000;

let clients: Client[] = [];

process.on('message', (order: CrowdOrder) => {
  void follow(order).then((news) => process.send?.(news));
});
process.on('disconnect', () => process.exit());

async function follow(order: CrowdOrder): Promise<CrowdNews> {
  if (order === 'cut') return { report: await comeBack() };
  if (order === 'look') return { lastSeqs: clients.map((one) => [...one.lastSeqs]) };
  clients = order.clients.map((plan) => new Client(order.port, plan));
  const waiting = [...clients];
  const one = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await next.resume();
  };
  await Promise.all(Array.from({ length: comingAtOnce }, one));
  return { report: reportOf([], 0) };
}

/** All are cut at once, and all come back at once. */
async function comeBack(): Promise<CrowdReport> {
  for (const client of clients) client.cut();
  const began = performance.now();
  const times: number[] = [];
  const all = clients.map(async (client) => {
    await client.resume();
    times.push(performance.now() - began);
  });
  const late = new Promise((resolve) => setTimeout(resolve, backMs));
  await Promise.race([Promise.all(all), late]);
  return reportOf(times, performance.now() - began);
}

function reportOf(times: readonly number[], ms: number): CrowdReport {
  const refused: Record<string, number> = {};
  let [holes, resets, missed] = [0, 0, 0];
  for (const client of clients) {
    holes += client.holes + client.gaps;
    resets += client.resets;
    missed += client.missed;
    for (const [what, count] of Object.entries(client.refused)) {
      refused[what] = (refused[what] ?? 0) + count;
    }
  }
  return { times, ms, refused, holes, resets, missed };
}
