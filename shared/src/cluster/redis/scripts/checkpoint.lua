-- ARGV: task, holder, then file and error for each file that has ended. Returns 1 to go on, 0 to stop.
local id, epoch, kind = parts(ARGV[1])
local row = held_row(id, epoch, kind, ARGV[2])
if not row or string.sub(kind, 1, 6) ~= 'fetch-' then return 0 end
if row.attempts > 0 then
  row.attempts = 0
  put_row(id, kind, row)
end
see(id, kind, NOW)
for i = 3, #ARGV, 2 do end_file(id, ARGV[i], ARGV[i + 1]) end
if #ARGV > 2 then ring(id) end
return 1
