-- ARGV: task, holder, window, then file and error for each file that has ended. Returns 1 when it is settled, 0 to stop.
local id, epoch, kind = parts(ARGV[1])
local key = job_key(id)
local row = held_row(id, epoch, kind, ARGV[2])
local unit = string.match(kind, '^fetch%-(%d+)$')
if not row or not unit then return 0 end
local files = redis.call('HGET', key .. ':units', unit)
if not files then return redis.error_reply('CORRUPT its unit is missing') end
for i = 4, #ARGV, 2 do end_file(id, ARGV[i], ARGV[i + 1]) end
for _, file in ipairs(cjson.decode(files).files) do land(id, num(file)) end
close(id, kind, row)
redis.call('HINCRBY', key, 'settled_units', 1)
open_next(id, epoch, tonumber(ARGV[3]))
ring(id)
return 1
