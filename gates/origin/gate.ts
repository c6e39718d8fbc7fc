import { freePort } from '../kit/free-port.ts';
import type { Gate } from '../kit/gate.ts';
import { type Answer, httpCall } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';
import { type OriginCase, originCases } from './origins.ts';
import { upgrade } from './upgrade.ts';

const listed = 'https://app.example,https://other.example:8443';

/** A page of somebody else's opens no door with its visitor's token. */
export const gate: Gate = {
  name: 'origin',
  promise: 'only our own pages and listed ones get in, at every door, and no cookie exists',
  unit: 'wrong answers',
  target: 0,
  async run(run) {
    await using server = await run.install({ PARLEY_RATE_SCALE: '0', ALLOWED_ORIGINS: listed });
    const acme = await server.tenant(['mia']);
    const rival = await server.tenant(['mia']);
    const set = await server.call('PATCH', `/v1/tenants/${acme.id}`, {
      bearer: acme.apiKey,
      body: { allowed_origins: ['https://acme-chat.example', 'http://localhost:5173'] },
    });
    if (set.status !== 200) throw new Error(set.text);
    const cases = run.random.shuffled(originCases(server.url));
    run.note('origins', cases.length);
    const doors = new Doors(run, server);
    await run.part('sockets', async () => {
      for (const one of cases) await doors.socket(one, acme, rival);
    });
    await run.part('http', async () => {
      for (const one of cases) await doors.http(one, acme, rival);
    });
    await run.part('preflight', async () => {
      for (const one of cases) await doors.preflight(one);
    });
    await run.part('cookies', () => checkCookies(run, server, acme));
    await run.part('proxy', () => checkProxy(run));
    run.note('tries', doors.tries);
    return run.failures.length;
  },
};

class Doors {
  readonly #run: Run;
  readonly #server: Installed;
  tries = 0;

  constructor(run: Run, server: Installed) {
    this.#run = run;
    this.#server = server;
  }

  async socket(one: OriginCase, acme: Tenant, rival: Tenant): Promise<void> {
    for (const [tenant, token] of [
      ['acme', acme.token('mia')],
      ['rival', rival.token('mia')],
    ] as const) {
      const got = await upgrade(this.#server.port, one.origin, token);
      const expected =
        one.of === 'nobody' ? refused(one) : this.#opens(one, tenant) ? 'hello' : '4503';
      this.#expect(one, got === expected, `a socket of ${tenant}: ${got} instead of ${expected}`);
    }
  }

  async http(one: OriginCase, acme: Tenant, rival: Tenant): Promise<void> {
    for (const [tenant, token] of [
      ['acme', acme.token('mia')],
      ['rival', rival.token('mia')],
    ] as const) {
      const answer = await this.#call(one, 'GET', { Authorization: `Bearer ${token}` });
      const opens = this.#opens(one, tenant);
      const allowed = answer.headers['access-control-allow-origin'];
      this.#expect(
        one,
        answer.status === (opens ? 200 : one.of === 'nobody' ? Number(refused(one)) : 403),
        `HTTP of ${tenant}: ${answer.status}`,
      );
      // Ourselves are no other origin: whether the header is there does not matter.
      if (one.of !== 'ourselves' && !opens) {
        this.#expect(
          one,
          allowed === undefined || one.of === 'acme',
          `allowed to read: ${allowed}`,
        );
      }
      if (opens && one.of !== 'ourselves') {
        this.#expect(one, allowed === one.origin, `not allowed to read: ${allowed}`);
        this.#expect(
          one,
          /\borigin\b/i.test(String(answer.headers['vary'])),
          'caches are not told',
        );
      }
      this.#expect(
        one,
        answer.headers['access-control-allow-credentials'] === undefined,
        'credentials',
      );
    }
  }

  async preflight(one: OriginCase): Promise<void> {
    const answer = await this.#call(one, 'OPTIONS', {
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization',
      'Access-Control-Request-Private-Network': 'true',
    });
    const allowed = answer.headers['access-control-allow-origin'];
    if (one.of === 'nobody') {
      this.#expect(one, allowed === undefined, `a preflight allows ${allowed}`);
    } else if (one.of !== 'ourselves') {
      this.#expect(one, allowed === one.origin, `a preflight allows ${allowed}`);
    }
    this.#expect(one, allowed !== '*', 'a preflight allows everybody');
    const network = answer.headers['access-control-allow-private-network'];
    this.#expect(one, network === undefined, 'a preflight opens the private network');
  }

  #opens({ of }: OriginCase, tenant: 'acme' | 'rival'): boolean {
    return of === 'ourselves' || of === 'installation' || of === tenant;
  }

  #call(
    { origin }: OriginCase,
    method: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    return httpCall(this.#server.port, method, '/v1/conversations', {
      // Node sends a list as several headers.
      headers: { ...headers, Origin: origin as string },
    });
  }

  #expect({ origin }: OriginCase, isSo: boolean, what: string): void {
    this.tries++;
    this.#run.expect(isSo, `${JSON.stringify(origin)}: ${what}`);
  }
}

/** Several Origin headers are no request at all. */
function refused({ origin }: OriginCase): string {
  return typeof origin === 'string' ? '403' : '400';
}

/** Nothing is ever kept in a cookie, so nothing rides on one. */
async function checkCookies(run: Run, server: Installed, acme: Tenant): Promise<void> {
  const { body } = await server.call('GET', '/openapi.json');
  // The server's own description.
  const { paths } = body as { paths: Record<string, Record<string, unknown>> };
  const token = acme.token('mia');
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) {
      const filled = path.replace(/\{\w+\}/g, 'x');
      const answer = await server.call(method.toUpperCase(), filled, {
        headers: { Cookie: `token=${token}; Authorization=Bearer ${token}; session=${token}` },
      });
      run.expect(answer.headers['set-cookie'] === undefined, `${method} ${path} sets a cookie`);
      const open = [200, 302, 308, 404, 503, 400].includes(answer.status);
      const guarded = path.startsWith('/v1/') && !path.startsWith('/v1/demo');
      run.expect(
        guarded ? answer.status === 401 : open,
        `${method} ${path} by cookie: ${answer.status}`,
      );
    }
  }
}

/** Behind a proxy that is not trusted, what it says of the scheme does not make an origin our own. */
async function checkProxy(run: Run): Promise<void> {
  await using plain = await run.install();
  await using trusting = await run.install({ TRUSTED_PROXIES: '127.0.0.1' });
  await using named = await run.install({
    PUBLIC_URL: 'https://chat.example',
    PORT: String(await freePort()),
  });
  const headers = { 'X-Forwarded-Proto': 'https' };
  for (const [server, expected, host] of [
    [plain, '403', 'http'],
    [trusting, 'hello', 'http'],
  ] as const) {
    const tenant = await server.tenant(['mia']);
    const origin = server.url.replace(host, 'https');
    const got = await upgrade(server.port, origin, tenant.token('mia'), { headers });
    run.expect(got === expected, `${origin} told by a proxy: ${got} instead of ${expected}`);
  }
  const tenant = await named.tenant(['mia']);
  for (const [origin, expected] of [
    ['https://chat.example', 'hello'],
    [named.url, '403'],
    ['https://chat.example:443', '403'],
    ['http://chat.example', '403'],
  ] as const) {
    const got = await upgrade(named.port, origin, tenant.token('mia'));
    run.expect(got === expected, `${origin} with a PUBLIC_URL: ${got} instead of ${expected}`);
  }
}
