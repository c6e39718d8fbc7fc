/** What the person who runs the server can mend: the message says how, and no stack helps. */
export class OperatorError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'OperatorError';
  }
}
