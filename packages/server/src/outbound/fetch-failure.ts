/**
 * Why something could not be fetched, in words that may be told to whoever gave the address.
 *
 * A closed list: nothing that the other side sent, and nothing about our own network. A host that
 * does not exist and one inside read the same.
 */
export const fetchFailures = {
  bad_url:
    'The address must be https with the standard port, at most 2000 characters, without user, password and fragment. Hosts that the operator lists may be reached otherwise.',
  no_public_address: 'The host has no address, or one that is not public.',
  unreachable: 'No secure connection could be made.',
  timeout: 'The answer did not come in time.',
  bad_status: 'The answer was not 200. Redirects are not followed.',
  bad_type: 'The answer was not plain JSON: Content-Type application/json, not compressed.',
  too_large: 'The answer was too large.',
  not_json: 'The answer was not JSON in UTF-8.',
  stopped: 'The server is being stopped.',
} as const;

export type FetchFailure = keyof typeof fetchFailures;

/** A fetch that failed; `cause` is for debug logs alone. */
export class FetchError extends Error {
  readonly failure: FetchFailure;

  constructor(failure: FetchFailure, cause?: unknown) {
    super(fetchFailures[failure], cause === undefined ? {} : { cause });
    this.name = 'FetchError';
    this.failure = failure;
  }
}
