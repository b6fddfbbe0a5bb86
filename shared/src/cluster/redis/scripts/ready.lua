-- ARGV: format, a new name for an empty store. Returns the store's format and name. Writes, so that a store that is full or
-- a replica is found out.
local key = P .. ':store'
if redis.call('EXISTS', key) == 0 then redis.call('HSET', key, 'format', ARGV[1], 'name', ARGV[2]) end
redis.call('HSET', key, 'seen', num(NOW))
local store = redis.call('HMGET', key, 'format', 'name')
return { store[1], store[2] }
