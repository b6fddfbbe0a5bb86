-- ARGV: task, holder, delay in ms, reason to wait or ''. Returns 1 when it is put off, 0 to stop.
local id, epoch, kind = parts(ARGV[1])
local due = NOW + tonumber(ARGV[3])
local row = held_row(id, epoch, kind, ARGV[2])
if not row then return 0 end
-- Not once more when it is put off again after a lost answer.
if not row.put_off then row.attempts = math.max(row.attempts - 1, 0) end
row.put_off = true
row.work, row.rate, row.rate_at = nil, nil, nil
if ARGV[4] ~= '' then row.waiting = ARGV[4] end
put_entry(id, kind, row, due)
see(id, kind, due)
ring(id)
return 1
