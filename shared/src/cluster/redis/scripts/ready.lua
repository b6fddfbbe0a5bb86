-- ARGV: format, a new name for an empty store. Returns the store's format and name. Writes, so that a store that is full or
-- a replica is found out, but never into one of another format: what is said to be full is of ours.
local key = P .. ':store'
local store = redis.call('HMGET', key, 'format', 'name')
if not store[1] then
  store = { ARGV[1], ARGV[2] }
  redis.call('HSET', key, 'format', store[1], 'name', store[2])
end
if store[1] == ARGV[1] then redis.call('HSET', key, 'seen', num(NOW)) end
return store
