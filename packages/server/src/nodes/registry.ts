import type { NodeSession } from './node-session.ts';

/** What a node says of itself. */
export interface NodeCard {
  readonly id: string;
  /** For people: host and process. */
  readonly place: string;
  readonly version: string;
  /** How many migrations its code knows. */
  readonly migrations: number;
}

/** A node that lives, as the others see it. */
export interface LivingNode extends NodeCard {
  /** Names the Redis that carries its news; null without one, or while that is not known. */
  readonly bus: string | null;
}

/** A node that has not been heard of for this long is dead. */
const aliveSeconds = 7;
/** Its row stays a while, for whoever looks into the table. */
const keptSeconds = 60;

/** Says that this node lives; answers who does, the oldest first, this one included. */
export async function beat(
  session: NodeSession,
  { id, place, version, migrations }: NodeCard,
  bus: string | null,
): Promise<LivingNode[]> {
  await session.query(
    `insert into node (id, place, version, migrations, bus) values ($1, $2, $3, $4, $5)
      on conflict (id) do update set heartbeat_at = clock_timestamp(), bus = excluded.bus`,
    [id, place, version, migrations, bus],
  );
  await session.query(
    'delete from node where heartbeat_at < clock_timestamp() - make_interval(secs => $1)',
    [keptSeconds],
  );
  return session.query<LivingNode>(
    `select id, place, version, migrations, bus from node
      where heartbeat_at > clock_timestamp() - make_interval(secs => $1)
      order by started_at, id`,
    [aliveSeconds],
  );
}

/** This node ends: it is counted no more. */
export async function leave(session: NodeSession, id: string): Promise<void> {
  await session.query('delete from node where id = $1', [id]);
}
