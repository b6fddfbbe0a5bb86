-- ARGV: id, job, status, version, epoch, fingerprint, end in ms, trace. Returns the id of a live job that asks for the same, or ''.
local id, fingerprint = ARGV[1], ARGV[6]
local same = redis.call('HGET', P .. ':live', fingerprint) or id
if redis.call('EXISTS', job_key(same)) == 1 then return same end
redis.call('HSET', job_key(id), 'job', ARGV[2], 'status', ARGV[3], 'version', ARGV[4], 'epoch', ARGV[5],
  'fingerprint', fingerprint, 'trace', ARGV[8])
redis.call('ZADD', P .. ':jobs', num(sequence()), id)
move(id, nil, ARGV[3], fingerprint, ARGV[7])
ring(id)
return ''
