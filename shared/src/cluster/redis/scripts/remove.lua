-- ARGV: ids. Forgets those of these jobs that have ended; returns how many.
local removed = 0
for _, id in ipairs(ARGV) do
  if is_terminal(redis.call('HGET', job_key(id), 'status')) then
    forget(id)
    removed = removed + 1
  end
end
return removed
