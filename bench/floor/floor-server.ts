import { once } from 'node:events';
import { Pool } from 'pg';
import { type WebSocket, WebSocketServer } from 'ws';
import type { DatabaseAddress } from '../../packages/server/src/db/address.ts';
import { clientConfig } from '../../packages/server/src/db/postgres/connect.ts';

interface Room {
  readonly members: Set<WebSocket>;
  lastSeq: number;
}

interface Frame {
  readonly id: number;
  readonly type: string;
  readonly token: string;
  readonly conversation: string;
  readonly message: { readonly id: string; readonly body: string };
}

const tenant = 'bench';
const poolSize = 10;

// The keys are those of Parley's own table; it has more columns, a foreign key and checks besides.
const table = `
  create table message (
    tenant_id text collate "C" not null,
    conversation_id uuid not null,
    seq bigint not null,
    id uuid not null,
    sender_id text not null,
    body text not null,
    created_at timestamptz not null,
    primary key (tenant_id, conversation_id, seq),
    unique (tenant_id, conversation_id, id)
  )`;

const insert = {
  name: 'insert',
  text: `
    insert into message (tenant_id, conversation_id, seq, id, sender_id, body, created_at)
    values ($1, $2, $3, $4, $5, $6, $7)`,
};

/**
 * The floor: what one gets by putting `ws` and `pg` together as their manuals do.
 *
 * One prepared insert per message from a pool, then `send` to each member's socket and to the
 * sender. It speaks just enough of the protocol for the load; a token is `<user> <conversation>`.
 * Who may send is not checked, repeats are not found, and events may overtake one another.
 */
export async function startFloor(
  address: DatabaseAddress,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const pool = new Pool({ ...clientConfig(address, 'session'), max: poolSize });
  // Its connections may hear of the database's end before they know that they are ended.
  pool.on('error', () => {});
  await pool.query(table);
  const rooms = new Map<string, Room>();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) => {
    let user = '';
    socket.on('message', (data) => {
      // Only our own load connects.
      const frame: Frame = JSON.parse(String(data));
      if (frame.type === 'hello') {
        const [name = '', conversation = ''] = frame.token.split(' ');
        user = name;
        const room = rooms.get(conversation) ?? { members: new Set(), lastSeq: 0 };
        rooms.set(conversation, room.members.add(socket) && room);
        socket.send(JSON.stringify({ id: frame.id, result: {} }));
      } else {
        send(pool, rooms, socket, user, frame).catch((error: unknown) => {
          socket.send(JSON.stringify({ id: frame.id, error: { message: String(error) } }));
        });
      }
    });
  });
  await once(server, 'listening');
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('the floor has no port');
  return {
    port: at.port,
    async close() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await pool.end();
    },
  };
}

async function send(
  pool: Pool,
  rooms: ReadonlyMap<string, Room>,
  socket: WebSocket,
  sender: string,
  { id: request, conversation, message: { id, body } }: Frame,
): Promise<void> {
  const room = rooms.get(conversation);
  if (room === undefined) throw new Error('no such conversation');
  const seq = ++room.lastSeq;
  const created_at = new Date().toISOString();
  await pool.query({
    ...insert,
    values: [tenant, conversation, seq, id, sender, body, created_at],
  });
  const event = JSON.stringify({
    event: 'message.created',
    conversation,
    version: seq,
    message: { id, seq, sender, kind: 'text', body, created_at, version: seq },
  });
  for (const member of room.members) member.send(event);
  socket.send(JSON.stringify({ id: request, result: { seq, version: seq, created_at } }));
}
