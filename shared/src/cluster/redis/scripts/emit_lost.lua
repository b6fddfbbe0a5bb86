-- ARGV: silence of a held task in ms, of one that waits in ms, lane ('fetch', 'callback', 'control' or ''), limit. Puts open tasks without a
-- sign of life for so long into the outbox, before all others; returns how many.
local held, waiting, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local emitted, jobs = 0, {}

local function is_wanted(kind)
  local lane = 'control'
  if kind == 'callback' then lane = kind elseif string.sub(kind, 1, 6) == 'fetch-' then lane = 'fetch' end
  return ARGV[3] == '' or ARGV[3] == lane
end

local function seen_at(member) return tonumber(redis.call('ZSCORE', P .. ':open', member)) end

local before = num(NOW - math.min(held, waiting))
for _, member in ipairs(redis.call('ZRANGEBYSCORE', P .. ':open', '-inf', before)) do
  if emitted == limit then break end
  local id, kind = string.match(member, '^(%w+)/([%w-]+)$')
  local row = get_row(id, kind)
  if not row then
    redis.call('ZREM', P .. ':open', member)
  elseif not row.outbox and is_wanted(kind) and NOW - seen_at(member) >= (row.work and held or waiting) then
    row.work = nil
    put_entry(id, kind, row, 0)
    see(id, kind, NOW)
    jobs[id] = true
    emitted = emitted + 1
  end
end
for id in pairs(jobs) do ring(id) end
return emitted
