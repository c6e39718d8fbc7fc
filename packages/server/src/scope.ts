/** Who acts, and where: the first thing of every action. Built at the edge from a verified token. */
export interface Scope {
  readonly tenant: string;
  readonly user: string;
}
