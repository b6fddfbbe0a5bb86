-- ARGV: blob, holder, time to live in ms, memory of a lapse in ms. Returns 'taken', 'granted', or 'lapsed' when it is granted
-- though a holder before never gave it back.
local key, holder = P .. ':lease:' .. ARGV[1], ARGV[2]
local until_ms, memory = NOW + tonumber(ARGV[3]), tonumber(ARGV[4])
local old = redis.call('HMGET', key, 'holder', 'until', 'lapsed')
local lapsed = tonumber(old[3] or '0')
if old[1] and old[1] ~= '' and old[1] ~= holder then
  if NOW < tonumber(old[2]) then return 'taken' end
  lapsed = NOW
end
redis.call('HSET', key, 'holder', holder, 'until', num(until_ms), 'lapsed', num(lapsed))
redis.call('PEXPIREAT', key, num(until_ms + memory))
return NOW - lapsed < memory and 'lapsed' or 'granted'
