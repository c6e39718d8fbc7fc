import type { AppendedMessage, OutgoingMessage } from './append.ts';

interface Asker {
  readonly resolve: (appended: AppendedMessage) => void;
  readonly reject: (error: unknown) => void;
}

/** A message that waits for its commit, and somebody who waits for the answer: there is one. */
export class WaitingSend {
  readonly message: OutgoingMessage;
  /** Names the conversation among all tenants. */
  readonly conversation: string;
  /** Past this time, of the monotonic clock, there is no answer any more but "unavailable". */
  readonly deadline: number;
  /** Called once, when it is answered. */
  onSettled: () => void = () => {};
  readonly #asker: Asker;
  #isSettled = false;

  constructor(message: OutgoingMessage, deadline: number, asker: Asker) {
    this.message = message;
    this.conversation = `${message.tenant} ${message.conversation}`;
    this.deadline = deadline;
    this.#asker = asker;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  resolve(appended: AppendedMessage): void {
    if (this.#settle()) this.#asker.resolve(appended);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#asker.reject(error);
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.onSettled();
    return true;
  }
}
