import { type RateName, rates } from '../../packages/server/src/limits/rates.ts';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import type { Tenant } from '../kit/tenant.ts';
import type { Job } from './flood.ts';

/** So many people are more than their tenant may, also while some of them are not read for flooding. */
const crowdSize = 40;

/** Tenants that do too much, and whose conversations they fill. */
export interface Noisy {
  readonly tenant: Tenant;
  /** Of one person who sends too much alone: in the first tenant the crowd would use it all up. */
  readonly lone: Tenant;
  readonly conversations: ReadonlyMap<string, string>;
}

/** Makes them; each of their people is alone in a conversation. */
export async function makeNoisy(installed: Pick<Installed, 'call' | 'tenant'>): Promise<Noisy> {
  const [tenant, lone] = [await installed.tenant(), await installed.tenant()];
  const crowd = crowdNames();
  const conversations = new Map<string, string>();
  for (const [index, user] of ['sends', ...crowd].entries()) {
    const { body } = await installed.call('POST', '/v1/conversations', {
      bearer: (user === 'sends' ? lone : tenant).token(user),
      body: { kind: 'group', name: 'Noise', members: [] },
      from: `127.5.1.${1 + index}`,
    });
    conversations.set(user, textAt(body, 'conversation.id'));
  }
  return { tenant, lone, conversations };
}

/** What a limit allows at this scale. */
export function allowedAt(scale: number, name: RateName): number {
  return Math.max(1, Math.round(rates[name].allowed * scale));
}

/** The messages of a tenant at so many times its limit. */
export function sendJob({ tenant, conversations }: Noisy, scale: number, times: number): Job {
  return {
    name: 'tenantSends',
    kind: 'frames',
    perSecond: perSecond(scale, 'tenantSends', times),
    tokens: crowdNames().map((user) => tenant.token(user)),
    conversations: crowdNames().map((user) => conversations.get(user) ?? ''),
    socketsEach: 1,
    from: many,
  };
}

/** A job for every limit, at so many times of what it allows. */
export function allJobs(noisy: Noisy, scale: number, times: number): Job[] {
  const { tenant, lone, conversations } = noisy;
  const rate = (name: RateName) => perSecond(scale, name, times);
  return [
    sendJob(noisy, scale, times),
    {
      name: 'connectionFrames',
      kind: 'frames',
      perSecond: rate('connectionFrames'),
      tokens: [tenant.token('frames')],
      socketsEach: 1,
      from: many,
    },
    {
      name: 'personRequests',
      kind: 'frames',
      perSecond: rate('personRequests'),
      tokens: [tenant.token('requests')],
      socketsEach: 6,
      from: many,
    },
    {
      name: 'personSends',
      kind: 'frames',
      perSecond: rate('personSends'),
      tokens: [lone.token('sends')],
      conversations: [conversations.get('sends') ?? ''],
      socketsEach: 4,
      from: many,
    },
    {
      name: 'keyRequests',
      kind: 'http',
      perSecond: rate('keyRequests'),
      path: '/v1/users/nobody',
      bearer: tenant.apiKey,
      from: many,
    },
    {
      name: 'addressRequests',
      kind: 'http',
      perSecond: rate('addressRequests'),
      path: '/v1/nothing',
      from: ['127.6.0.1'],
    },
    {
      name: 'addressSockets',
      kind: 'sockets',
      perSecond: rate('addressSockets'),
      from: ['127.6.0.2'],
    },
    {
      name: 'addressFailures',
      kind: 'http',
      perSecond: 20,
      path: '/v1/conversations',
      bearer: `${tenant.token('guess').slice(0, -8)}AAAAAAAA`,
      from: ['127.6.0.3'],
      // What no trusted proxy wrote changes nothing.
      forwardedFor: true,
    },
  ];
}

const many = Array.from({ length: 200 }, (_, index) => `127.5.0.${1 + index}`);

function perSecond(scale: number, name: RateName, times: number): number {
  return (times * allowedAt(scale, name)) / (rates[name].windowMs / 1000);
}

function crowdNames(): string[] {
  return Array.from({ length: crowdSize }, (_, index) => `crowd-${index}`);
}
