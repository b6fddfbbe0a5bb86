-- ARGV: turns that a job may have, entries that are looked at. Returns the number of jobs that are queued, running, paused and
-- ended, the longest wait in ms, the number of entries in the outbox, and for how many ms the one that is late longest is due.
-- Costs by the jobs that have not ended, and only when one of them is paused or removes files.
local turns, entries = tonumber(ARGV[1]), ARGV[2]
local queued, active = redis.call('ZCARD', P .. ':waiting'), redis.call('SCARD', P .. ':active')
local count = { running = active, paused = 0 }
if redis.call('HLEN', P .. ':live') > queued + active then
  count.running = 0
  for _, id in ipairs(redis.call('HVALS', P .. ':live')) do
    local status = redis.call('HGET', job_key(id), 'status')
    if status and count[status] then count[status] = count[status] + 1 end
  end
end

-- The first of each turn has waited longest in it.
local longest_wait = 0
for turn = 0, turns - 1 do
  local first, last = num(turn * 2 ^ 50), '(' .. num((turn + 1) * 2 ^ 50)
  local id = redis.call('ZRANGEBYSCORE', P .. ':waiting', first, last, 'LIMIT', 0, 1)[1]
  local since = id and tonumber(redis.call('HGET', job_key(id), 'queued_ms') or nil)
  if since then longest_wait = math.max(longest_wait, NOW - since) end
end

-- Who takes an entry puts it ahead, so its score does not say since when it is due; the task's last sign of life does, for
-- nobody works on it. Entries of tasks in work only ask whether their holder still lives.
local longest_due = 0
for _, entry in ipairs(redis.call('ZRANGE', P .. ':outbox', 0, entries - 1)) do
  local id, _, kind = entry_parts(entry)
  local row = id and get_row(id, kind)
  local since = row and not row.work and tonumber(redis.call('ZSCORE', P .. ':open', id .. '/' .. kind) or nil)
  if since then longest_due = math.max(longest_due, NOW - since) end
end

return { queued, count.running, count.paused, redis.call('ZCARD', P .. ':ended'), num(longest_wait),
  redis.call('ZCARD', P .. ':outbox'), num(longest_due) }
