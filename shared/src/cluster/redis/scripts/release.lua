-- ARGV: blob, holder. Gives a lease back; that one has lapsed before is remembered.
local key = P .. ':lease:' .. ARGV[1]
local old = redis.call('HMGET', key, 'holder', 'lapsed')
if old[1] ~= ARGV[2] then return 0 end
if old[2] == '0' then redis.call('UNLINK', key) else redis.call('HSET', key, 'holder', '') end
return 1
