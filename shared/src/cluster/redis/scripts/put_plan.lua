-- ARGV: task, holder, commit, files, bytes, units, window. The staged files and units are at KEYS[2] and KEYS[3].
local id, epoch, kind = parts(ARGV[1])
local key = job_key(id)
local row = held_row(id, epoch, kind, ARGV[2])
if not row or kind ~= 'plan' then
  redis.call('UNLINK', KEYS[2], KEYS[3])
  return 0
end
if (ARGV[4] ~= '0' and redis.call('HLEN', KEYS[2]) ~= tonumber(ARGV[4])) or redis.call('HLEN', KEYS[3]) ~= tonumber(ARGV[6]) then
  return redis.error_reply('STAGE the staged plan is not whole')
end
close(id, kind, row)
forget_plan(id)
for from, to in pairs({ [KEYS[2]] = key .. ':files', [KEYS[3]] = key .. ':units' }) do
  if redis.call('EXISTS', from) == 1 then
    redis.call('RENAME', from, to)
    redis.call('PERSIST', to)
  end
end
redis.call('HSET', key, 'total_files', ARGV[4], 'completed_files', '0', 'total_bytes', ARGV[5],
  'recorded_bytes', '0', 'flying_bytes', '0', 'units', ARGV[6], 'next_unit', '0', 'settled_units', '0')
if ARGV[3] ~= '' and (redis.call('HGET', key, 'commit') or '') == '' then
  redis.call('HSET', key, 'commit', ARGV[3])
  redis.call('HINCRBY', key, 'version', 1)
end
open_next(id, epoch, tonumber(ARGV[7]))
ring(id)
return 1
