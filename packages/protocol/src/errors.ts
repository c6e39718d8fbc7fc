/** What one error code means: HTTP status, whether the same request may succeed later, and what to do next. */
interface ErrorRow {
  readonly status: number;
  readonly retryable: boolean;
  readonly message: string;
}

/**
 * The error table: every code that leaves the server, on socket and HTTP alike.
 *
 * `not_found` is also the answer for what belongs to others: foreign and invented look the same.
 */
export const errors = {
  bad_request: {
    status: 400,
    retryable: false,
    message: 'The request does not have the documented form. Correct the named field.',
  },
  unknown_type: {
    status: 400,
    retryable: false,
    message: 'There is no command of this type. See docs/SPEC.md for the list.',
  },
  hello_first: {
    status: 400,
    retryable: false,
    message: 'Say hello with a token before anything else.',
  },
  unauthorized: {
    status: 401,
    retryable: false,
    message: 'The token or key is missing, invalid or expired. Get a new one and try again.',
  },
  origin_refused: {
    status: 403,
    retryable: false,
    message: 'This origin may not connect. Add it to ALLOWED_ORIGINS or to the tenant.',
  },
  not_allowed: {
    status: 403,
    retryable: false,
    message: 'You may see this, but not do that.',
  },
  not_found: {
    status: 404,
    retryable: false,
    message: 'It does not exist, or it is not yours to see.',
  },
  method_not_allowed: {
    status: 405,
    retryable: false,
    message: 'This address does not answer that method. See /openapi.json.',
  },
  already_exists: {
    status: 409,
    retryable: false,
    message: 'It exists already. Use another id.',
  },
  id_reused: {
    status: 409,
    retryable: false,
    message: 'This id names something with other content. Make a new id for new content.',
  },
  session_gone: {
    status: 410,
    retryable: false,
    message: 'The poll session is gone. Open a new one, then sync.',
  },
  too_large: {
    status: 413,
    retryable: false,
    message: 'The request is larger than the limit. Send less.',
  },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    message: 'Send the body as application/json.',
  },
  too_many: {
    status: 422,
    retryable: false,
    message: 'A limit of the installation is reached.',
  },
  rate_limited: {
    status: 429,
    retryable: true,
    message: 'Too many requests. Wait for the stated time, then try again.',
  },
  internal: {
    status: 500,
    retryable: true,
    message: 'Something broke on our side. Try again; quote the request id if it stays.',
  },
  unavailable: {
    status: 503,
    retryable: true,
    message: 'The server cannot take this now. Repeat the same request: it is never done twice.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errors;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errors, value);
}

/** An error as the wire carries it, in a reply frame's `error`. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  /** Milliseconds to wait before the next try. */
  readonly retry_after_ms?: number;
  /** Path of the field at fault, such as `message.body`. */
  readonly field?: string;
}

interface ErrorDetails {
  readonly message?: string;
  readonly field?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The one error class: a code from the table, and what may be told about it. */
export class ParleyError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? errors[code].message, { cause: details.cause });
    this.name = 'ParleyError';
    this.code = code;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
  }

  get status(): number {
    return errors[this.code].status;
  }

  get retryable(): boolean {
    return errors[this.code].retryable;
  }

  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retry_after_ms: this.retryAfterMs }),
      ...(this.field === undefined ? {} : { field: this.field }),
    };
  }
}
