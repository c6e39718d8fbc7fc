import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { SeededRandom } from '../kit/seeded-random.ts';
import { FullDisk } from './full-disk.ts';
import { lineHarms } from './line-harms.ts';
import { Namespaces } from './namespaces.ts';
import { TcpProxy } from './tcp-proxy.ts';

const run = promisify(execFile);

test('[FK9] every harm to lines ends in time, and what is healed carries bytes', async () => {
  const { createServer, connect } = await import('node:net');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const random = new SeededRandom(1);
  await using proxy = await TcpProxy.open({ target: { port: address.port }, random });
  for (const { name, run: harm } of lineHarms) {
    const old = connect(proxy.port, '127.0.0.1').on('error', () => {});
    await harm({ proxies: [proxy], random, until: performance.now() + 30 });
    await proxy.heal();
    const socket = connect(proxy.port, '127.0.0.1').on('error', () => {});
    socket.write(name);
    const [echo] = await once(socket, 'data');
    expect(String(echo)).toBe(name);
    socket.destroy();
    old.destroy();
  }
  server.close();
});

// What root does can be tried as root alone, and not in every container; what others do as others.
if (mayEverything()) {
  test('[FK11] a full disk has no byte left, all again when freed, and goes at the end', async () => {
    let folder = '';
    {
      await using disk = await FullDisk.mount(4);
      folder = disk.folder;
      disk.fill();
      expect(statfsSync(folder).bavail).toBe(0);
      expect(() => writeFileSync(join(folder, 'more'), 'x')).toThrow('ENOSPC');
      disk.free();
      writeFileSync(join(folder, 'more'), Buffer.alloc(3_000_000));
    }
    expect(existsSync(folder)).toBe(false);
  });

  test('[FK12] packets between namespaces are lost one way, and nothing else of the machine', async () => {
    const before = (await run('ip', ['-o', 'link'])).stdout;
    const names = () => (existsSync('/run/netns') ? readdirSync('/run/netns') : []);
    const known = names();
    const folder = await mkdtemp(join(tmpdir(), 'parley-echo-'));
    const program = join(folder, 'echo.mjs');
    await writeFile(
      program,
      "import { createServer } from 'node:net';\n" +
        "createServer((s) => s.end('here')).listen(7000, () => console.log('up'));\n",
    );
    {
      await using switched = await Namespaces.make(2);
      const [one, two] = switched.all;
      if (one === undefined || two === undefined) throw new Error('two were asked for');
      const [enter = '', ...rest] = one.enter;
      const echo = spawn(enter, [...rest, process.execPath, program]);
      await once(echo.stdout, 'data');
      expect(await ask(two.enter, one.address)).toBe('here');
      // Its answers are lost: whoever asks waits in vain, and is not told.
      await switched.lose(0, 1);
      expect(await ask(two.enter, one.address)).toBe('silence');
      await switched.heal();
      expect(await ask(two.enter, one.address)).toBe('here');
      await switched.plug(1, 'down');
      expect(await ask(two.enter, one.address)).toBe('silence');
      echo.kill();
      await once(echo, 'exit');
    }
    await rm(folder, { recursive: true });
    expect(names()).toEqual(known);
    expect((await run('ip', ['-o', 'link'])).stdout).toBe(before);
  });
} else {
  test('[FK11] who may not mount is told so', async () => {
    await expect(FullDisk.mount(4)).rejects.toThrow(/only root may|CAP_SYS_ADMIN/);
  });

  test('[FK12] who may not make namespaces is told so', async () => {
    await expect(Namespaces.make(2)).rejects.toThrow(/only root may|CAP_SYS_ADMIN/);
  });
}

/** Root with all capabilities (mounting, networks), and the program for networks. */
function mayEverything(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/proc/self/status')) return false;
  const status = readFileSync('/proc/self/status', 'utf8');
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const [networks, system] = [1n << 12n, 1n << 21n];
  const tool = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip', '/bin/ip'].some((one) =>
    existsSync(one),
  );
  return (capabilities & networks) !== 0n && (capabilities & system) !== 0n && tool;
}

async function ask(enter: readonly string[], address: string): Promise<string> {
  const program =
    `const s = require('node:net').connect(7000, '${address}');` +
    "s.on('data', (d) => { console.log(String(d)); process.exit(); });" +
    "s.on('error', (e) => { console.log(e.code); process.exit(); });" +
    "setTimeout(() => { console.log('silence'); process.exit(); }, 700);";
  const [command = '', ...rest] = enter;
  const { stdout } = await run(command, [...rest, process.execPath, '-e', program]);
  return stdout.trim();
}
