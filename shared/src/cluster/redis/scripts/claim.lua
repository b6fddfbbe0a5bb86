-- ARGV: task, holder, patience in ms. Returns 'void', 'busy', or 'go' with attempts, job, version and commit.
local id, epoch, kind = parts(ARGV[1])
local holder, patience = ARGV[2], tonumber(ARGV[3])
local row = open_row(id, epoch, kind)
if not row then return { 'void' } end
if row.holder ~= holder then
  if row.work and NOW - row.work < patience then
    -- In place of an entry that is just being acknowledged, too: this delivery was the last.
    put_entry(id, kind, row, row.work + patience)
    return { 'busy' }
  end
  row.attempts = row.attempts + 1
  row.holder, row.put_off = holder, nil
  row.work = NOW
  put_row(id, kind, row)
  see(id, kind, NOW)
end
local job = redis.call('HMGET', job_key(id), 'job', 'version', 'commit')
return { 'go', num(row.attempts), job[1], job[2], job[3] or '' }
