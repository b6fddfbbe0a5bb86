-- ARGV: id, job, trace, then the facts. Returns 'created', or 'duplicate' or 'blocked' with the id of the other job.
local id, job = ARGV[1], facts(4)
if redis.call('EXISTS', job_key(id)) == 1 then return 'duplicate ' .. id end
local other = obstacle(job)
if other then return other end
redis.call('HSET', job_key(id), 'job', ARGV[2], 'status', job.status, 'version', job.version, 'epoch', job.epoch,
  'trace', ARGV[3])
redis.call('ZADD', P .. ':jobs', num(sequence()), id)
move(id, nil, job)
ring(id)
return 'created'
