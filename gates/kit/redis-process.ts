import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedProcess } from './managed-process.ts';
import { reservedPort } from './reserved-port.ts';

/** A real redis-server of a gate's own: nothing on disk, so it comes back empty. */
export interface RedisProcess extends AsyncDisposable {
  readonly process: ManagedProcess;
  readonly port: number;
  /** As REDIS_URL takes it. */
  readonly url: string;
  /** One command, such as `flushall`; answers what Redis says, or throws it. */
  command(...words: readonly string[]): Promise<string>;
}

/** Starts the redis-server that REDIS_SERVER names, on a port of its own. */
export async function startRedisProcess(settings: readonly string[] = []): Promise<RedisProcess> {
  const port = await reservedPort();
  const folder = await mkdtemp(join(tmpdir(), 'parley-redis-'));
  const command = (...words: readonly string[]) => ask(port, words);
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const redis = await ManagedProcess.start({
      name: 'redis-server',
      command: process.env['REDIS_SERVER'] ?? '/usr/bin/redis-server',
      arguments: [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
        ...['--save', '', '--appendonly', 'no', '--enable-debug-command', 'local'],
        ...settings,
      ],
      stopSignal: 'SIGTERM',
      whenUp: ({ poll }) =>
        poll(() =>
          command('ping').then(
            (answer) => answer === '+PONG',
            () => false,
          ),
        ),
    });
    return {
      process: redis,
      port,
      url: `redis://127.0.0.1:${port}`,
      command,
      async [Symbol.asyncDispose]() {
        await redis.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

const answerMs = 5_000;

/** The first line of the answer, which is all that a gate's commands have. */
function ask(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(answerMs, () => socket.destroy(new Error('Redis does not answer')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('Redis closed the line')));
    socket.on('data', (data) => {
      answer += String(data);
      const [line, ...rest] = answer.split('\r\n');
      if (line === undefined || rest.length === 0) return;
      socket.destroy();
      if (line.startsWith('-')) reject(new Error(line.slice(1)));
      else resolve(line);
    });
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join('')}`);
  });
}
