-- ARGV: id, number of a change or '', limit. Returns up to which change all is told, how much that is ('all', 'part', 'lost'),
-- and of each file its index, what was planned, its state and its bytes in flight.
local id, since, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local key = job_key(id)
local job = redis.call('HMGET', key, 'changes', 'changes_from')
local last, from = tonumber(job[1] or '0'), tonumber(job[2] or '0')
local lost = not since or since < from or since > last
local told, rows = {}, {}

local function tell(file)
  told[file] = true
  local planned = redis.call('HGET', key .. ':files', file)
  local state, flying = redis.call('HGET', key .. ':states', file), redis.call('HGET', key .. ':flying', file)
  if planned then table.insert(rows, { file, planned, state, flying }) end
end

local flying = redis.call('HKEYS', key .. ':flying')
table.sort(flying, function(a, b) return tonumber(a) < tonumber(b) end)
for _, file in ipairs(flying) do
  if #rows >= (lost and limit or math.floor(limit / 2)) then break end
  if lost or tonumber(redis.call('ZSCORE', key .. ':changed', file) or '0') > since then tell(file) end
end
if lost then return { num(last), 'lost', rows } end

-- One more than may be told shows whether there is more; those in work stand among them.
local changes = redis.call('ZRANGEBYSCORE', key .. ':changed', '(' .. num(since), '+inf', 'WITHSCORES', 'LIMIT', 0, limit + #rows + 1)
local through = num(since)
for i = 1, #changes, 2 do
  if not told[changes[i]] then
    if #rows >= limit then return { through, 'part', rows } end
    tell(changes[i])
  end
  through = changes[i + 1]
end
return { num(last), 'all', rows }
