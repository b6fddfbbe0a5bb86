-- ARGV: limit, lease in ms. Returns entry and trace of each entry that is due, and hides them for the lease.
local taken = {}
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', P .. ':outbox', '-inf', num(NOW), 'LIMIT', 0, ARGV[1])) do
  redis.call('ZADD', P .. ':outbox', num(NOW + tonumber(ARGV[2])), entry)
  table.insert(taken, { entry, redis.call('HGET', job_key((entry_parts(entry))), 'trace') or '' })
end
return taken
