-- Roster::beat. ARGV: worker, what it tells (JSON), time to live in ms, bytes that are counted already, bytes since its start,
-- minutes that are kept.
local worker, until_ms = ARGV[1], NOW + tonumber(ARGV[3])
local total, minutes = tonumber(ARGV[5]), tonumber(ARGV[6])
local key, workers, rate = P .. ':worker:' .. worker, P .. ':workers', P .. ':downloaded'
-- The heartbeat before may have been counted though its answer was lost.
local counted = math.max(tonumber(ARGV[4]), tonumber(redis.call('HGET', key, 'total') or '0'))
redis.call('HSET', key, 'state', ARGV[2], 'seen', num(NOW), 'total', num(total))
redis.call('PEXPIREAT', key, num(until_ms))
redis.call('ZADD', workers, num(until_ms), worker)
redis.call('ZREMRANGEBYSCORE', workers, '-inf', num(NOW))
if total > counted then
  local now = math.floor(NOW / 60000)
  redis.call('HINCRBY', rate, num(now), num(total - counted))
  redis.call('PEXPIRE', rate, num(minutes * 60000))
  if redis.call('HLEN', rate) > minutes then
    for _, minute in ipairs(redis.call('HKEYS', rate)) do
      if tonumber(minute) <= now - minutes then redis.call('HDEL', rate, minute) end
    end
  end
end
return 0
