-- ARGV: jobs to keep, age in ms, limit. Forgets ended jobs beyond the limits, those that ended first; returns how many.
local ended, limit = P .. ':ended', tonumber(ARGV[3])
local surplus = math.min(redis.call('ZCARD', ended) - tonumber(ARGV[1]), limit)
local victims = surplus > 0 and redis.call('ZRANGE', ended, 0, surplus - 1) or {}
local old = redis.call('ZRANGEBYSCORE', ended, '-inf', '(' .. num(NOW - tonumber(ARGV[2])), 'LIMIT', 0, limit)
if #old > #victims then victims = old end
for _, id in ipairs(victims) do forget(id) end
return #victims
