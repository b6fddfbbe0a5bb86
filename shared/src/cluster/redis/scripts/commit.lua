-- ARGV: id, expected version, job, version, status, epoch, commit, end in ms, condition and its two arguments, a name of this
-- change that no other has, tasks to open.
local id, job, version, status, epoch = ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local key = job_key(id)
local old = redis.call('HMGET', key, 'version', 'change', 'status', 'epoch', 'fingerprint')
-- The answer to a first try may have been lost on its way.
if old[1] == version and old[2] == ARGV[12] then return 'applied' end
if old[1] ~= ARGV[2] then return 'conflict' end

if ARGV[9] == 'room' and redis.call('SCARD', P .. ':active') >= tonumber(ARGV[10]) then return 'unmet' end
if ARGV[9] == 'held' then
  local task_id, task_epoch, kind = parts(ARGV[10])
  if not held_row(task_id, task_epoch, kind, ARGV[11]) then return 'unmet' end
end

if old[3] == 'running' and status ~= 'running' then
  -- What has arrived stays on the disk, so it stays in the sum.
  local flying = redis.call('HGETALL', key .. ':flying')
  for i = 1, #flying, 2 do
    redis.call('HSET', key .. ':states', flying[i], 'p' .. flying[i + 1])
    touch(id, flying[i])
  end
  redis.call('HINCRBY', key, 'recorded_bytes', redis.call('HGET', key, 'flying_bytes') or '0')
  redis.call('HSET', key, 'flying_bytes', '0')
  redis.call('UNLINK', key .. ':flying')
end
if old[4] ~= epoch or is_terminal(status) then close_all(id) end
move(id, old[3], status, old[5], ARGV[8])
redis.call('HSET', key, 'job', job, 'version', version, 'status', status, 'epoch', epoch, 'commit', ARGV[7],
  'change', ARGV[12])
for i = 13, #ARGV do
  local _, task_epoch, kind = parts(ARGV[i])
  open(id, task_epoch, kind)
end
ring(id)
return 'applied'
