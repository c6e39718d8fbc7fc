import type { Redis } from '../../redis/redis.ts';
import { type DeadAnswer, readDead, readStep, type StepAnswer } from './redis-answers.ts';
import { deadScript, forgetScript, leaveScript, stepScript } from './redis-scripts.ts';
import type { RedisTurns } from './redis-turns.ts';

export interface SlotScriptsOptions {
  readonly redis: Pick<Redis, 'runScript'>;
  readonly turns: RedisTurns;
  /** The hash tag of the slot's keys. */
  readonly name: string;
  /** This node's. */
  readonly lease: string;
  readonly leaseMs: number;
  /** A slot that was empty is complete after this time: every living node has found it so. */
  readonly settleMs: number;
}

/** What a node tells and asks of a slot at once. */
export interface Step {
  /** Forget what the slot has of this node: here is everybody. */
  readonly fresh: boolean;
  /** How many people the slot should have of this node, before. */
  readonly believed: number;
  readonly came: readonly string[];
  readonly went: readonly string[];
  readonly asked: readonly string[];
}

const mostDead = 500;

/** The scripts of one slot of Redis, for one node. They reject while Redis is away. */
export class SlotScripts {
  readonly #options: SlotScriptsOptions;

  constructor(options: SlotScriptsOptions) {
    this.#options = options;
  }

  async step({ fresh, believed, came, went, asked }: Step): Promise<StepAnswer> {
    const { lease, settleMs, turns } = this.#options;
    const counts = [believed, settleMs, came.length, went.length].map(String);
    const args = [fresh ? 'fresh' : 'go on', ...counts, ...came, ...went, ...asked];
    const answer = readStep(await this.#run(stepScript, lease, args));
    turns.learn(answer.turn, answer.micros);
    return answer;
  }

  /** Some of those whom a lease had that has ended. */
  async dead(lease: string): Promise<DeadAnswer | undefined> {
    const answer = readDead(await this.#run(deadScript, lease, [String(mostDead)]));
    if (answer !== undefined) this.#options.turns.learn(answer.turn, answer.micros);
    return answer;
  }

  /** All was said about these people of a lease that ended then. */
  async forget(lease: string, ended: number, people: readonly string[]): Promise<void> {
    await this.#run(forgetScript, lease, [String(ended), ...people]);
  }

  /** This node's lease ends so much later. */
  async leave(graceMs: number): Promise<void> {
    await this.#run(leaveScript, this.#options.lease, [String(graceMs)]);
  }

  #run(script: string, lease: string, args: readonly string[]): Promise<unknown> {
    const { redis, turns, name, leaseMs } = this.#options;
    const tag = `parley:{${name}}`;
    return redis.runScript(
      script,
      [`${tag}:leases`, `${tag}:state`, `${tag}:people:${lease}`],
      [lease, String(leaseMs), String(turns.newest), ...args],
    );
  }
}
