-- HubLimiter::announce. KEYS[2]: see limiter_take.lua. ARGV: what remains; milliseconds to the end of the window; how many
-- milliseconds apart two ends may be that mean the same window.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local remaining, resets, same = tonumber(ARGV[1]), now + tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[2], 'remaining', 'resets_ms', 'held_ms')
local known_remaining, known_resets, held = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])

if known_remaining and known_resets > now and resets <= known_resets + same then
    -- The known window, or an older one, which is ignored.
    if resets + same >= known_resets and remaining < known_remaining then
        redis.call('HSET', KEYS[2], 'remaining', string.format('%.0f', remaining))
    end
    return 0
end
redis.call('HSET', KEYS[2], 'remaining', string.format('%.0f', remaining), 'resets_ms', string.format('%.0f', resets))
redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', math.max(resets, held or 0)))
return 0
