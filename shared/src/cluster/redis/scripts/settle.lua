-- ARGV: task, holder. Returns 1 when it is settled, 0 to stop.
local id, epoch, kind = parts(ARGV[1])
local row = held_row(id, epoch, kind, ARGV[2])
if not row then return 0 end
close(id, kind, row)
ring(id)
return 1
