import type { Client, ClientOptions } from '@parley/client';

/** What the server says about itself before anybody is signed in. */
export interface PageConfig {
  /** People sign in by choosing who they are. */
  readonly demo: boolean;
}

/** Somebody one can be in the demo. */
export interface DemoPerson {
  readonly id: string;
  readonly name: string;
  readonly avatar_url: string | null;
  /** What they do, such as `Design lead`. */
  readonly title: string;
}

/** How the page reaches its server before there is a client; the preview has one of its own. */
export interface Door {
  config(): Promise<PageConfig>;
  demoPeople(): Promise<readonly DemoPerson[]>;
  /** A token for this person; throws `UnknownPersonError` when there is no such person. */
  demoSignIn(person: string): Promise<string>;
  createClient(getToken: ClientOptions['getToken']): Client;
}

export class UnknownPersonError extends Error {}
