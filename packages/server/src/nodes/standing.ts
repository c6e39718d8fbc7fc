/** How this node stands among those that share its database. */
export interface Standing {
  /** How many live there, this one included. */
  readonly nodes: number;
  /** Why it should get no work, for the operator; undefined when all is well. */
  readonly fault: string | undefined;
}
