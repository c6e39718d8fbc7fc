import { ParleyError } from '@parley/protocol';

/** Which page of a list; from the start, and as long as may be, where absent. */
export interface Page {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** A cursor that no list gave. */
export function badCursor(): ParleyError {
  return new ParleyError('bad_request', {
    field: 'cursor',
    message: 'The cursor is not one that this list gave. Start without one.',
  });
}
