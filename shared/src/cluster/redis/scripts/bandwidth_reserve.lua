-- Bandwidth::reserve. KEYS[2]: when the line is free, in microseconds since 1970. ARGV: bytes, bytes a second, the burst in
-- microseconds. Returns the microseconds to wait.
local bytes, rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = time[1] * 1000000 + time[2]

local free = tonumber(redis.call('GET', KEYS[2]))
local begin = free and math.max(free, now - burst) or now
local ends = begin + bytes * 1000000 / rate
-- Who comes after the burst finds what it would find without the key.
redis.call('SET', KEYS[2], num(ends), 'PX', num(math.max(1, math.ceil((ends - now + burst) / 1000))))
return math.max(0, math.ceil(begin - now))
