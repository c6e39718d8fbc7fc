import { closeFrame, textFrame } from '../kit/client-frame.ts';
import { RawSocket } from '../kit/raw-socket.ts';
import { acceptOf, type RawHead, RawWebSocket, readHead } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import { ask, label } from './row.ts';
import { type UpgradeRow, upgradeRows, usualKey } from './rows/upgrade-requests.ts';

const answerMs = 10_000;

/** Sends every upgrade request of the table whole, by the byte and cut anywhere. */
export async function checkUpgrades(
  run: Run,
  port: number,
): Promise<{ readonly rows: number; readonly bad: number }> {
  const rows = upgradeRows(port);
  let bad = 0;
  for (const row of rows) {
    const faults = [
      ...(await check(port, row, [row.request])),
      ...(await check(port, row, row.request.match(/[\s\S]{1,7}/g) ?? [])),
    ];
    if (faults.length === 0) continue;
    bad++;
    run.fail(`${row.id}: ${row.what}; but ${faults.join('; ')}`);
  }
  return { rows: rows.length, bad };
}

async function check(port: number, row: UpgradeRow, pieces: readonly string[]): Promise<string[]> {
  const line = await RawSocket.connect(port);
  const late = setTimeout(() => line.destroy(), answerMs);
  try {
    await line.writeInPieces(pieces.map((piece) => Buffer.from(piece, 'latin1')));
    const head = await readHead(line);
    if (head === undefined) return row.statuses.includes(0) ? [] : ['there was no answer'];
    if (!row.statuses.includes(head.status)) {
      return [`the answer was ${head.status}, not ${row.statuses.join(' or ')}`];
    }
    if (head.status !== 101) return refusalFaults(head, row);
    return [...agreementFaults(head, row), ...(await works(line, row))];
  } finally {
    clearTimeout(late);
    line.destroy();
  }
}

function refusalFaults({ headers }: RawHead, row: UpgradeRow): string[] {
  const faults: string[] = [];
  if (headers.has('sec-websocket-accept')) faults.push('a refusal has a Sec-WebSocket-Accept');
  if (
    row.versionTold === true &&
    !/\b13\b/.test(headers.get('sec-websocket-version')?.join() ?? '')
  ) {
    faults.push('the version that is spoken is not told');
  }
  return faults;
}

function agreementFaults({ headers }: RawHead, row: UpgradeRow): string[] {
  const faults: string[] = [];
  const of = (name: string) => headers.get(name) ?? [];
  if (of('sec-websocket-accept').join() !== acceptOf(row.key ?? usualKey))
    faults.push('a wrong accept');
  if (of('upgrade').join().toLowerCase() !== 'websocket') faults.push('no Upgrade: websocket');
  if (of('connection').join().toLowerCase() !== 'upgrade') faults.push('no Connection: Upgrade');
  if (headers.has('sec-websocket-extensions')) faults.push('an extension was agreed to');
  const protocol = of('sec-websocket-protocol');
  if (protocol.length > 1 || protocol.some((one) => row.protocols?.includes(one) !== true)) {
    faults.push(`the subprotocol ${protocol.join()} was not offered`);
  }
  return faults;
}

/** Frames go both ways; those sent together with the request count, too. */
async function works(line: RawSocket, { sendsAlong }: UpgradeRow): Promise<string[]> {
  const socket = new RawWebSocket(line);
  if (sendsAlong !== true) socket.write(textFrame(ask(1)));
  const wanted = label.error(1, 'hello_first');
  const answered = await socket.until(
    () => socket.texts.some((text) => text.startsWith('{"id":1,"error":{"code":"hello_first"')),
    answerMs,
  );
  socket.write(closeFrame(1000));
  const closed = await socket.until(() => socket.closeCode !== undefined, answerMs);
  return [...(answered ? [] : [`no ${wanted}`]), ...(closed ? [] : ['no close']), ...socket.faults];
}
