/** One connection of one person, as a lease: gone unless renewed in time. */
export interface PresenceLease {
  readonly tenant: string;
  readonly user: string;
  /** Unique over all nodes. */
  readonly connection: string;
}

/**
 * Who has a living connection, over all nodes.
 *
 * A person is online while any lease lives; a dead node's leases run out by themselves.
 */
export interface PresenceStore {
  /** Takes or renews leases for `leaseMs` from now. */
  renew(leases: readonly PresenceLease[], leaseMs: number): Promise<void>;
  release(lease: PresenceLease): Promise<void>;
  /** Those of `users` who are online. */
  online(tenant: string, users: readonly string[]): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}
