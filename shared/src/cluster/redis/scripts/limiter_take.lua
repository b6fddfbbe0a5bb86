-- HubLimiter::take. KEYS[2]: a hash with `remaining` and `resets_ms` (the window), and `held_ms` (a hold).
-- Returns the milliseconds to wait; 0: send.
local known = redis.call('HMGET', KEYS[2], 'remaining', 'resets_ms', 'held_ms')
local remaining, resets, held = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])

local blocked_until = held or 0
local open = remaining and resets > NOW
if open and remaining == 0 then
    blocked_until = math.max(blocked_until, resets)
end
if blocked_until > NOW then
    return blocked_until - NOW
end
if open then
    redis.call('HINCRBY', KEYS[2], 'remaining', -1)
end
return 0
