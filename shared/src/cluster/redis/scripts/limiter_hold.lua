-- HubLimiter::hold. KEYS[2]: see limiter_take.lua. ARGV: milliseconds to let nothing pass.
local held = NOW + tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[2], 'resets_ms', 'held_ms')
local known_resets, known_held = tonumber(known[1]), tonumber(known[2])

if known_held and known_held >= held then
    return 0
end
redis.call('HSET', KEYS[2], 'held_ms', num(held))
redis.call('PEXPIREAT', KEYS[2], num(math.max(held, known_resets or 0)))
return 0
