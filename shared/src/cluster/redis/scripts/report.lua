-- ARGV: task, holder, bytes a second, interval of ringing in ms, then file and bytes for each file. Returns 1 to go on, 0 to stop.
local id, epoch, kind = parts(ARGV[1])
local key = job_key(id)
local row = held_row(id, epoch, kind, ARGV[2])
-- The last report before it was put off may come after.
if not row or row.put_off then return 0 end
local moved, delta = false, 0
for i = 5, #ARGV, 2 do
  local file = ARGV[i]
  local size = size_of(id, file)
  if size and not has_ended(id, file) then
    local bytes = math.min(tonumber(ARGV[i + 1]), size)
    local flying = redis.call('HGET', key .. ':flying', file)
    local before = tonumber(flying or '0')
    if not flying or bytes ~= before then
      redis.call('HSET', key .. ':flying', file, num(bytes))
      touch(id, file)
    end
    delta = delta + bytes - before
    moved = moved or bytes ~= before
  end
end
if delta ~= 0 then redis.call('HINCRBY', key, 'flying_bytes', num(delta)) end
row.rate, row.rate_at = tonumber(ARGV[3]), NOW
-- Also when it was taken for lost: nobody else has claimed it.
row.work = NOW
if moved then row.waiting = nil end
put_row(id, kind, row)
see(id, kind, NOW)
if NOW - tonumber(redis.call('HGET', key, 'rung') or '0') >= tonumber(ARGV[4]) then
  ring(id)
else
  redis.call('HINCRBY', key, 'tick', 1)
end
return 1
