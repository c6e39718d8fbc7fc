import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedProcess } from './managed-process.ts';
import { reservedPort } from './reserved-port.ts';

/** A real nginx before the nodes, as an operator would set it up. */
export interface NginxProcess extends AsyncDisposable {
  readonly process: ManagedProcess;
  readonly port: number;
}

interface NginxPlan {
  /** Ports of the nodes on this machine. */
  readonly nodes: readonly number[];
  /** Which node gets the next connection. */
  readonly balance: 'round_robin' | 'least_conn';
}

/** Starts the nginx that NGINX names, with a folder and a port of its own. */
export async function startNginx({ nodes, balance }: NginxPlan): Promise<NginxProcess> {
  const port = await reservedPort();
  const folder = await mkdtemp(join(tmpdir(), 'parley-nginx-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) {
      await mkdir(join(folder, name));
    }
    const file = join(folder, 'nginx.conf');
    await writeFile(file, configuration({ folder, port, nodes, balance }));
    const nginx = await ManagedProcess.start({
      name: 'nginx',
      command: process.env['NGINX'] ?? '/usr/sbin/nginx',
      arguments: ['-p', folder, '-c', file, '-e', 'stderr'],
      options: { cwd: folder, env: {} },
      // Its workers go with it only when it is asked; connections are not waited for.
      stopSignal: 'SIGTERM',
      whenUp: ({ poll }) => poll(() => accepts(port)),
    });
    return {
      process: nginx,
      port,
      async [Symbol.asyncDispose]() {
        await nginx.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function configuration({
  folder,
  port,
  nodes,
  balance,
}: NginxPlan & { readonly folder: string; readonly port: number }): string {
  // Root's workers would become nobody, who may not write into our folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  // Never taken out: a node that answers 503 for a moment counts as failed, and soon there is none left.
  const servers = nodes.map((node) => `server 127.0.0.1:${node} max_fails=0;`);
  return `
${user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 32768;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream parley {
    ${balance === 'least_conn' ? 'least_conn;' : ''}
    ${servers.join('\n    ')}
    keepalive 32;
    # Less than a node keeps an idle connection: else a request may meet its end.
    keepalive_timeout 4s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_max_body_size 128k;
    location / {
      proxy_pass http://parley;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_connect_timeout 1s;
      proxy_read_timeout 60s;
      proxy_send_timeout 60s;
      proxy_buffering off;
      proxy_next_upstream error timeout http_503;
      proxy_next_upstream_tries ${Math.max(nodes.length, 1)};
      proxy_next_upstream_timeout 5s;
    }
  }
}
`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
