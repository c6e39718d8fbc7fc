import type { Redis } from '../redis/redis.ts';
import type { Claim, Ledger, Verdict } from './ledger.ts';

/** Counts are spread over so many slots of a cluster; those of one slot share a call. */
const buckets = 16;

/**
 * Counts in spans of a hundredth of the window, by the server's one clock.
 *
 * A span leaves the window with its end: a little late, never early. One from the future is of a
 * clock that has been set back, and would otherwise refuse until that time comes again.
 */
const script = `
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
for n, key in ipairs(KEYS) do
  local allowed, window = tonumber(ARGV[n * 4 - 3]), tonumber(ARGV[n * 4 - 2])
  local spent, wanted = tonumber(ARGV[n * 4 - 1]), tonumber(ARGV[n * 4])
  local span = window / 100
  local current = math.floor(now / span)
  local count, spans, gone = spent, {}, {}
  local fields = redis.call('hgetall', key)
  for f = 1, #fields, 2 do
    local index = tonumber(fields[f])
    if index > current or (index + 1) * span <= now - window then
      gone[#gone + 1] = fields[f]
    else
      local uses = tonumber(fields[f + 1])
      count = count + uses
      spans[#spans + 1] = { index, uses }
    end
  end
  if #gone > 0 then redis.call('hdel', key, unpack(gone)) end
  local granted = math.max(0, math.min(wanted, allowed - count))
  local more = spent + granted
  count = count + granted
  if more > 0 then
    redis.call('hincrby', key, string.format('%d', current), more)
    redis.call('pexpire', key, math.ceil(window + span))
    spans[#spans + 1] = { current, more }
  end
  local wait = 0
  if count >= allowed then
    table.sort(spans, function(a, b) return a[1] < b[1] end)
    local free = 0
    for _, one in ipairs(spans) do
      free = free + one[2]
      if free > count - allowed then
        wait = math.max(1, math.ceil((one[1] + 1) * span + window - now))
        break
      end
    end
  end
  answer[#answer + 1] = granted
  answer[#answer + 1] = wait
end
return answer`;

/** A ledger in Redis, one or a cluster: what nodes have let through together. */
export class RedisLedger implements Ledger {
  readonly #redis: Pick<Redis, 'runScript'>;

  constructor(redis: Pick<Redis, 'runScript'>) {
    this.#redis = redis;
  }

  async settle(claims: readonly Claim[]): Promise<readonly (Verdict | null)[]> {
    const verdicts: (Verdict | null)[] = claims.map(() => null);
    const slots = Map.groupBy(claims.keys(), (n) => bucketOf(claims[n]?.count ?? ''));
    await Promise.all(
      [...slots].map(async ([bucket, places]) => {
        const answers = await this.#ask(
          bucket,
          places.flatMap((n) => claims[n] ?? []),
        );
        for (const [index, n] of places.entries()) verdicts[n] = answers?.[index] ?? null;
      }),
    );
    return verdicts;
  }

  async #ask(bucket: number, claims: readonly Claim[]): Promise<readonly Verdict[] | undefined> {
    const [first, ...others] = claims.map(({ count }) => keyOf(bucket, count));
    if (first === undefined) return [];
    const numbers = claims.flatMap((one) => [one.allowed, one.windowMs, one.spent, one.wanted]);
    try {
      const answer = await this.#redis.runScript(script, [first, ...others], numbers.map(String));
      return parseAnswer(answer);
    } catch {
      // Away, which its connection has said: whoever asks counts alone meanwhile.
      return undefined;
    }
  }
}

/** The bucket names the slot, whatever the count's name holds. */
function keyOf(bucket: number, count: string): string {
  return ['parley:rate:{', bucket, '}:', count].join('');
}

function parseAnswer(answer: unknown): readonly Verdict[] {
  const numbers = Array.isArray(answer) ? answer.map(Number) : [];
  return Array.from({ length: numbers.length / 2 }, (_, n) => ({
    granted: numbers[n * 2] ?? 0,
    waitMs: numbers[n * 2 + 1] ?? 0,
  }));
}

function bucketOf(count: string): number {
  let hash = 0;
  for (let at = 0; at < count.length; at++) hash = (hash * 31 + count.charCodeAt(at)) | 0;
  return (hash >>> 0) % buckets;
}
