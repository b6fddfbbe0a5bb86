-- ARGV: entry. Removes it; its task lives from now on in the queue.
local id, _, kind = entry_parts(ARGV[1])
drop_entry(ARGV[1])
local row = id and get_row(id, kind)
if not row or row.outbox ~= ARGV[1] then return 0 end
row.outbox = nil
put_row(id, kind, row)
see(id, kind, NOW)
return 1
