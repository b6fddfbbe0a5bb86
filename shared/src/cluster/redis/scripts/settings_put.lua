-- ARGV: the version that the change was made from, the settings with the next one. Returns 1; 0 when they have changed since.
local known = redis.call('GET', P .. ':settings')
local version = known and cjson.decode(known).version or 0
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', P .. ':settings', ARGV[2])
return 1
