import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';

const proxy = '127.7.0.1';
const stranger = '127.7.0.2';
/** More than any address may have of bad keys. */
const tries = 60;

/**
 * Who guesses keys is counted by the address that a trusted proxy saw, and by no other.
 *
 * A stranger's own X-Forwarded-For never makes two of one, and never makes one of two.
 */
export async function checkForwarded(run: Run): Promise<void> {
  await using plain = await run.install();
  await using proxied = await run.install({ TRUSTED_PROXIES: proxy });
  const check = async (what: string, installed: Installed, guesses: Guesses, wanted: number) => {
    const tenant = await installed.tenant();
    const { refused, told } = await guess(installed, tenant, guesses);
    run.note(what, `${told} of ${tries} told that the key is bad`);
    run.expect(
      refused === 0 && told === wanted,
      `${what}: ${told} of ${tries} bad keys were looked at, not ${wanted} (${refused} otherwise)`,
    );
  };
  const limit = 30;
  const another = (number: number) => `198.51.100.${number + 1}`;
  await check('a stranger', plain, { from: '127.7.1.1' }, limit);
  await check(
    'a stranger with other names',
    plain,
    { from: '127.7.1.2', forwardedFor: another },
    limit,
  );
  await check(
    'a stranger as this machine',
    plain,
    { from: '127.7.1.3', forwardedFor: () => '127.0.0.1' },
    limit,
  );
  await check(
    'a stranger beside a proxy',
    proxied,
    { from: stranger, forwardedFor: another },
    limit,
  );
  await check(
    'one client of the proxy',
    proxied,
    { from: proxy, forwardedFor: () => '198.51.100.200' },
    limit,
  );
  await check(
    'one client of the proxy with other names before',
    proxied,
    { from: proxy, forwardedFor: (number) => `${another(number)}, 198.51.100.201` },
    limit,
  );
  await check('many clients of the proxy', proxied, { from: proxy, forwardedFor: another }, tries);
}

interface Guesses {
  readonly from: string;
  /** The header of each try. */
  readonly forwardedFor?: (number: number) => string;
}

async function guess(
  installed: Installed,
  tenant: Tenant,
  { from, forwardedFor }: Guesses,
): Promise<{ readonly told: number; readonly refused: number }> {
  let [told, refused] = [0, 0];
  for (let number = 0; number < tries; number++) {
    const { status } = await installed.call('GET', '/v1/users/nobody', {
      bearer: `${tenant.apiKey.slice(0, -8)}AAAAAAAA`,
      from,
      headers: forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor(number) },
    });
    if (status === 401) told++;
    else if (status !== 429) refused++;
  }
  return { told, refused };
}
