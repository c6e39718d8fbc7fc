import type { Result, Round } from './contest.ts';
import type { Options } from './options.ts';
import type { Turn } from './round.ts';

const columns = [
  ['round', 5],
  ['server', 8],
  ['sends/s', 9],
  ['deliveries/s', 14],
  ['receipt p50', 13],
  ['p99', 8],
  ['ack p50', 10],
  ['p99', 8],
  ['group', 7],
  ['server', 9],
  ['postgres', 10],
  ['load', 6],
  ['others', 8],
] as const;

/** A contest's result in words, for a person at a terminal. */
export function reportOf(command: string, options: Options, result: Result): string {
  return [
    ...facts(command, options, result),
    '',
    row(columns.map(([name]) => name)),
    ...result.rounds.flatMap((round, index) => [
      turnRow(index + 1, 'parley', round.parley),
      turnRow(index + 1, 'floor', round.floor),
    ]),
    '',
    ...medians(result.rounds),
    ...checked(options, result),
    ...warnings(result.rounds),
  ].join('\n');
}

/** The same as one line for machines. */
export function jsonOf(command: string, options: Options, result: Result): string {
  const ratios = result.rounds.map(ratioOf);
  const { json: _, profileDir: __, ...settings } = options;
  return JSON.stringify({ command, settings, ...result, ratios, ratio: median(ratios) });
}

function facts(command: string, options: Options, { machine, stored }: Result): string[] {
  const { groups, rounds, seconds, window, senders, body } = options;
  const { server_version, ...settings } = stored.parley.settings;
  const on = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return [
    command,
    'Parley and the floor: plain ws, a pool of 10, an insert and a send per receiver for each message',
    `${machine.cores} cores (${machine.cpu}), ${machine.system}; the load runs on them too`,
    `Node ${machine.node}, PostgreSQL ${server_version}, commit ${machine.commit}`,
    `PostgreSQL, both: ${on.join(', ')}`,
    `${whole(groups.conversations * groups.people)} connections; conversations: ` +
      `${groups.conversations} of ${groups.people} people; senders: ${whole(senders)}, with ` +
      `${window} under way each; bodies: ${body} bytes`,
    `${rounds} rounds of ${seconds} s, after 1 s to warm up; times in ms; ` +
      'the last four columns are cores kept busy',
  ];
}

function medians(rounds: readonly Round[]): string[] {
  const of = (name: keyof Round, figure: (turn: Turn) => number) =>
    median(rounds.map((round) => figure(round[name])));
  const cpu = (name: keyof Round) =>
    (['server', 'postgres', 'load'] as const)
      .map((part) => `${part} ${whole(of(name, (turn) => cpuPerSend(turn, part)))}`)
      .join(', ');
  const line = (name: keyof Round) =>
    `  ${name.padEnd(6)} ${whole(of(name, (turn) => turn.sendsPerSecond))} sends/s, ` +
    `${whole(of(name, (turn) => turn.deliveriesPerSecond))} deliveries/s, ` +
    `receipt p50 ${ms(of(name, (turn) => turn.receipt.p50))} ms, ` +
    `p99 ${ms(of(name, (turn) => turn.receipt.p99))} ms; µs of CPU per message: ${cpu(name)}`;
  const ratios = rounds.map(ratioOf);
  return [
    'Medians of the rounds',
    line('parley'),
    line('floor'),
    `  ratio of sends/s: ${ratio(median(ratios))} (rounds: ${ratios.map(ratio).join(', ')})`,
  ];
}

function cpuPerSend({ cores, sendsPerSecond }: Turn, part: keyof Turn['cores']): number {
  return (cores[part] / sendsPerSecond) * 1e6;
}

function checked({ groups }: Options, { rounds, stored }: Result): string[] {
  return [
    `Checked: ${whole(stored.parley.rows)} and ${whole(stored.floor.rows)} rows are stored, as many ` +
      "as were acknowledged; no id twice; every conversation's seq from 1 without a hole.",
    `  Each of the ${groups.people} people of a conversation got all of its events, none twice. ` +
      `Events after a later one: Parley ${outOfOrder(rounds, 'parley')}, floor ${outOfOrder(rounds, 'floor')}.`,
  ];
}

function warnings(rounds: readonly Round[]): string[] {
  const worst = (part: 'load' | 'others') =>
    Math.max(...rounds.flatMap(({ parley, floor }) => [parley.cores[part], floor.cores[part]]));
  return [
    ...(worst('load') > 0.9
      ? ['Beware: the load kept a core busy; it may be what was measured.']
      : []),
    ...(worst('others') > 0.2
      ? [`Beware: other processes took up to ${worst('others').toFixed(1)} cores meanwhile.`]
      : []),
  ];
}

function ratioOf({ parley, floor }: Round): number {
  return parley.sendsPerSecond / floor.sendsPerSecond;
}

function outOfOrder(rounds: readonly Round[], name: keyof Round): number {
  return rounds.reduce((sum, round) => sum + round[name].outOfOrder, 0);
}

function turnRow(number: number, name: string, turn: Turn): string {
  const { cores, groupSize } = turn;
  return row([
    String(number),
    name,
    whole(turn.sendsPerSecond),
    whole(turn.deliveriesPerSecond),
    ms(turn.receipt.p50),
    ms(turn.receipt.p99),
    ms(turn.ack.p50),
    ms(turn.ack.p99),
    groupSize === undefined ? '-' : groupSize.toFixed(groupSize < 10 ? 1 : 0),
    ...[cores.server, cores.postgres, cores.load, cores.others].map(ratio),
  ]);
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padStart(columns[index]?.[1] ?? 0)).join('');
}

function ratio(value: number): string {
  return Number.isNaN(value) ? '?' : value.toFixed(2);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
