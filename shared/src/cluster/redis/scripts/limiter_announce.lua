-- HubLimiter::announce. KEYS[2]: see limiter_take.lua. ARGV: what remains; milliseconds to the end of the window; how many
-- milliseconds apart two ends may be that mean the same window.
local remaining, resets, same = tonumber(ARGV[1]), NOW + tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[2], 'remaining', 'resets_ms', 'held_ms')
local known_remaining, known_resets, held = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])

if known_remaining and known_resets > NOW and resets <= known_resets + same then
    -- The known window, or an older one, which is ignored.
    if resets + same >= known_resets and remaining < known_remaining then
        redis.call('HSET', KEYS[2], 'remaining', num(remaining))
    end
    return 0
end
redis.call('HSET', KEYS[2], 'remaining', num(remaining), 'resets_ms', num(resets))
redis.call('PEXPIREAT', KEYS[2], num(math.max(resets, held or 0)))
return 0
