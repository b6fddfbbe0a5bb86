-- Roster::attendance. Returns the present minute, of each worker that lives what it told and when in ms, and the minutes in which
-- something was downloaded, each followed by its bytes.
local seen = {}
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', P .. ':workers', '(' .. num(NOW), '+inf')) do
  local row = redis.call('HMGET', P .. ':worker:' .. worker, 'state', 'seen')
  if row[1] then table.insert(seen, row) end
end
return { math.floor(NOW / 60000), seen, redis.call('HGETALL', P .. ':downloaded') }
