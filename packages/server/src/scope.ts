/** Who acts, and where: the first thing of every action. Built at the edge from a verified token. */
export interface Scope {
  readonly tenant: string;
  readonly user: string;
}

/** What a person has shown to be let in: the token, as far as it matters later. */
export interface Session {
  /** The signing key that vouched. */
  readonly kid: string;
  /** Which one of that id: an id that was taken back may stand for another key by now. */
  readonly registration: string;
  /** When the token was issued, in milliseconds: it dies when the person's tokens are revoked after it. */
  readonly issuedAt: number;
}
