-- ARGV: id, expected version, job, commit, condition and its two arguments, a name of this change that no other has, then the
-- facts, then tasks to open.
local id, job = ARGV[1], facts(9)
local key = job_key(id)
local old = redis.call('HMGET', key, 'version', 'change', 'status', 'epoch')
-- The answer to a first try may have been lost on its way.
if old[1] == job.version and old[2] == ARGV[8] then return 'applied' end
if old[1] ~= ARGV[2] then return 'conflict' end

if ARGV[5] == 'room' and redis.call('SCARD', P .. ':active') >= tonumber(ARGV[6]) then return 'unmet' end
if ARGV[5] == 'held' then
  local task_id, task_epoch, kind = parts(ARGV[6])
  if not held_row(task_id, task_epoch, kind, ARGV[7]) then return 'unmet' end
end

if is_terminal(old[3]) and not is_terminal(job.status) then
  local other = obstacle(job)
  if other then return other end
  forget_plan(id)
end
if old[3] == 'running' and job.status ~= 'running' then
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
if old[4] ~= job.epoch or is_terminal(job.status) then close_all(id) end
move(id, old[3], job)
redis.call('HSET', key, 'job', ARGV[3], 'version', job.version, 'status', job.status, 'epoch', job.epoch,
  'commit', ARGV[4], 'change', ARGV[8])
for i = 17, #ARGV do
  local _, task_epoch, kind = parts(ARGV[i])
  open(id, task_epoch, kind)
end
ring(id)
return 'applied'
