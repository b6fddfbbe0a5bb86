-- Bandwidth::reserve. KEYS[2]: when the line is free, in microseconds since 1970. ARGV: bytes, bytes a second, and the burst and
-- the farthest reservation in microseconds. Returns the microseconds to wait.
local bytes, rate, burst, farthest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = time[1] * 1000000 + time[2]

local free = tonumber(redis.call('GET', KEYS[2])) or 0
-- The clock has gone back since.
if free > now + farthest then free = now end
local begin = math.max(free, now - burst)
local ends = begin + bytes * 1000000 / rate
-- Who comes after the burst finds what it would find without the key.
redis.call('SET', KEYS[2], num(ends), 'PX', num(math.max(1, math.ceil((ends - now + burst) / 1000))))
return math.max(0, math.ceil(begin - now))
