/**
 * The scripts of one slot. Each gets three keys with one hash tag:
 *
 * - `leases`: a sorted set, lease by when it ends (milliseconds of Redis' clock),
 * - `state`: a hash of `turn`, the last one that was given out, and `born`, when this slot was empty,
 * - `people:<lease>`: a set, whom that lease's node has.
 *
 * They also read the sets of other leases, whose names they make from the third key.
 */
const opening = `
local leases, state, theirs = KEYS[1], KEYS[2], KEYS[3]
local lease, lease_ms, seen = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local people = string.sub(theirs, 1, -#lease - 1)
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)

-- Lua writes large numbers with an exponent.
local function text(n) return string.format('%.0f', n) end

local kept = redis.call('HMGET', state, 'turn', 'born')
local turn, born = tonumber(kept[1]), tonumber(kept[2])
if not turn or not born then
  turn, born = math.max(micros, seen), micros
  redis.call('HSET', state, 'turn', text(turn), 'born', text(born))
end

local function next_turn()
  turn = math.max(micros, turn + 1, seen + 1)
  redis.call('HSET', state, 'turn', text(turn))
end

-- One that ends far ahead was written before the clock was set back.
local function is_alive(ends) return ends > now and ends <= now + 2 * lease_ms end

local living, ends, others, dead = false, nil, {}, {}
local all = redis.call('ZRANGE', leases, 0, -1, 'WITHSCORES')
for i = 1, #all, 2 do
  local one = tonumber(all[i + 1])
  if all[i] == lease then
    living, ends = is_alive(one), one
  elseif is_alive(one) then
    others[#others + 1] = people .. all[i]
  else
    dead[#dead + 1] = all[i]
  end
end

-- More arguments in one command than this do not fit Lua's stack.
local most = 1000

local function each(list, first, last, work)
  for from = first, last, most do
    work(from, math.min(from + most - 1, last))
  end
end

-- A digit for each of the people: whether one of these sets has them.
local function found(sets, list, first, last)
  local digits = {}
  for i = first, last do digits[i - first + 1] = '0' end
  for _, set in ipairs(sets) do
    each(list, first, last, function(from, to)
      for i, has in ipairs(redis.call('SMISMEMBER', set, unpack(list, from, to))) do
        if has == 1 then digits[from - first + i] = '1' end
      end
    end)
  end
  return table.concat(digits)
end
`;

/**
 * Renews the lease, takes in who came and went, and answers who is online.
 *
 * Arguments: lease, how long it lives, our newest turn, `fresh` or `go on`, how many people we believe
 * to be in our set, how long a slot is incomplete after it was empty, counts of those who came and of
 * those who went, then people: come, gone, asked for. Where the lease has ended or the set is not what
 * we believe, nothing is changed: we have to begin afresh, with everybody.
 *
 * Answers: whether it was done, turn, clock, when the slot was empty, whether it is incomplete, who of
 * the changed is at other nodes, who of those asked for is anywhere, leases that have ended.
 */
export const stepScript = `${opening}
local fresh, believed, settle_ms = ARGV[4] == 'fresh', tonumber(ARGV[5]), tonumber(ARGV[6])
local came, went = tonumber(ARGV[7]), tonumber(ARGV[8])
local first_gone, first_asked = 9 + came, 9 + came + went

local has = redis.call('SCARD', theirs)
local done = fresh or (has == believed and (living or believed == 0))
if done then
  if fresh then redis.call('DEL', theirs) end
  if came + went > 0 then next_turn() end
  each(ARGV, 9, first_gone - 1, function(from, to)
    redis.call('SADD', theirs, unpack(ARGV, from, to))
  end)
  each(ARGV, first_gone, first_asked - 1, function(from, to)
    redis.call('SREM', theirs, unpack(ARGV, from, to))
  end)
  if redis.call('SCARD', theirs) > 0 then
    redis.call('ZADD', leases, text(now + lease_ms), lease)
    -- Should the list of leases be lost: nobody would look for this set any more.
    redis.call('PEXPIRE', theirs, 86400000)
  else
    redis.call('ZREM', leases, lease)
  end
end
local elsewhere = found(others, ARGV, 9, first_asked - 1)
others[#others + 1] = theirs
local online = found(others, ARGV, first_asked, #ARGV)
local young = micros >= born and micros - born < settle_ms * 1000
return {done and 1 or 0, turn, micros, born, young and 1 or 0, elsewhere, online, dead}
`;

/**
 * Names people of a lease that has ended; they stay until `forgetScript` is told that all was said.
 *
 * Arguments: that lease, how long leases live, our newest turn, how many at the most. Answers: turn,
 * clock, when the lease ended, milliseconds since it was renewed last, who of them is at other nodes,
 * the people; or nothing.
 */
export const deadScript = `${opening}
if living or not ends then return {} end
local some = redis.call('SRANDMEMBER', theirs, ARGV[4])
if #some == 0 then
  redis.call('ZREM', leases, lease)
  return {}
end
next_turn()
return {turn, micros, ends, now - ends + lease_ms, found(others, some, 1, #some), some}
`;

/**
 * Forgets people of a lease that has ended, if it ended when the fourth argument says: since it was
 * looked at it may have lived again, said anew whom it has, and ended again.
 */
export const forgetScript = `${opening}
if not living and ends == tonumber(ARGV[4]) then
  each(ARGV, 5, #ARGV, function(from, to) redis.call('SREM', theirs, unpack(ARGV, from, to)) end)
end
return {}
`;

/** Lets our lease end a little later, whatever it was: arguments as above, then how much later. */
export const leaveScript = `${opening}
redis.call('ZADD', leases, 'XX', text(now + tonumber(ARGV[4])), lease)
return {}
`;
