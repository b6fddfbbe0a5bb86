-- What all scripts share. KEYS[1] is the tagged prefix; all keys of a store are in one slot, that of the tag.
-- Names of keys and fields: docs/redis.md. Times are milliseconds since 1970 by this server's clock.
local P = KEYS[1]
local time = redis.call('TIME')
local NOW = time[1] * 1000 + math.floor(time[2] / 1000)

-- Lua's own way to write numbers keeps 14 digits only; the sum makes a zero of a negative one.
local function num(n) return string.format('%.0f', n + 0) end
local function job_key(id) return P .. ':job:' .. id end
local function sequence() return redis.call('INCR', P .. ':sequence') end

-- Splits the text of a task: id/epoch/kind.
local function parts(task)
  return string.match(task, '^(%w+)/(%d+)/([%w-]+)$')
end

-- Counts a change of the job, and tells everybody of it.
local function ring(id)
  redis.call('HINCRBY', job_key(id), 'tick', 1)
  redis.call('HSET', job_key(id), 'rung', num(NOW))
  redis.call('PUBLISH', P .. ':events', id)
end

-- Files of a job whose changes are remembered.
local CHANGES_MAX = 10000

-- Notes that a file has changed; of too many, the one that changed first is forgotten.
local function touch(id, file)
  local key = job_key(id)
  local changed = key .. ':changed'
  redis.call('ZADD', changed, num(redis.call('HINCRBY', key, 'changes', 1)), file)
  if redis.call('ZCARD', changed) > CHANGES_MAX then
    redis.call('HSET', key, 'changes_from', redis.call('ZPOPMIN', changed)[2])
  end
end

local function get_row(id, kind)
  local json = redis.call('HGET', job_key(id) .. ':tasks', kind)
  return json and cjson.decode(json) or nil
end

local function put_row(id, kind, row)
  redis.call('HSET', job_key(id) .. ':tasks', kind, cjson.encode(row))
end

-- Notes the last sign of a task's life; in the future while it is put off.
local function see(id, kind, at)
  redis.call('ZADD', P .. ':open', num(at), id .. '/' .. kind)
end

local function drop_entry(entry)
  redis.call('ZREM', P .. ':outbox', entry)
end

-- The task in the name of an entry, in parts.
local function entry_parts(entry)
  return parts(string.match(entry, '^%d+ (.+)$') or '')
end

-- Puts a task into the outbox, in place of the entry that it may have there, and writes its row.
local function put_entry(id, kind, row, due)
  if row.outbox then drop_entry(row.outbox) end
  -- Entries that are due at the same time come in the order of their names.
  row.outbox = string.format('%016.0f %s/%s/%s', sequence(), id, row.epoch, kind)
  redis.call('ZADD', P .. ':outbox', num(due), row.outbox)
  put_row(id, kind, row)
end

-- Opens a task: from now on it can be claimed, and the outbox holds it.
local function open(id, epoch, kind)
  put_entry(id, kind, { epoch = epoch, attempts = 0 }, NOW)
  see(id, kind, NOW)
end

local function close(id, kind, row)
  if row.outbox then drop_entry(row.outbox) end
  redis.call('HDEL', job_key(id) .. ':tasks', kind)
  redis.call('ZREM', P .. ':open', id .. '/' .. kind)
end

local function close_all(id)
  local rows = redis.call('HGETALL', job_key(id) .. ':tasks')
  for i = 1, #rows, 2 do close(id, rows[i], cjson.decode(rows[i + 1])) end
end

-- The row of a task that may be worked on: it is open, of the job's present epoch, and the job runs or is cleaned up after.
local function open_row(id, epoch, kind)
  local row = get_row(id, kind)
  local job = redis.call('HMGET', job_key(id), 'epoch', 'status')
  if not row or row.epoch ~= epoch or job[1] ~= epoch then return nil end
  if job[2] ~= 'running' and kind ~= 'clean' and kind ~= 'callback' then return nil end
  return row
end

-- The same for a task that is in this holder's hands, or that nobody has claimed yet.
local function held_row(id, epoch, kind, holder)
  local row = open_row(id, epoch, kind)
  if row and row.holder and row.holder ~= holder then return nil end
  return row
end

-- Opens Fetch tasks up to the window, or Finish when all units are settled.
local function open_next(id, epoch, window)
  local key = job_key(id)
  local counts = redis.call('HMGET', key, 'units', 'next_unit', 'settled_units')
  local units, next_unit, settled = tonumber(counts[1]), tonumber(counts[2]), tonumber(counts[3])
  while next_unit < units and next_unit - settled < window do
    open(id, epoch, 'fetch-' .. num(next_unit))
    next_unit = next_unit + 1
  end
  redis.call('HSET', key, 'next_unit', num(next_unit))
  if settled == units then open(id, epoch, 'finish') end
end

-- A file's bytes are not in flight any more; returns how many were.
local function land(id, file)
  local key = job_key(id)
  local bytes = tonumber(redis.call('HGET', key .. ':flying', file) or '0')
  if redis.call('HDEL', key .. ':flying', file) == 1 then touch(id, file) end
  redis.call('HINCRBY', key, 'flying_bytes', num(-bytes))
  return bytes
end

-- The size of a planned file in bytes; none when it is not in the plan.
local function size_of(id, file)
  local json = redis.call('HGET', job_key(id) .. ':files', file)
  return json and cjson.decode(json).size_bytes or nil
end

-- Whether a file has ended.
local function has_ended(id, file)
  local state = redis.call('HGET', job_key(id) .. ':states', file)
  return state and string.sub(state, 1, 1) ~= 'p'
end

-- Records the end of a file, once; an empty error means that it is complete.
local function end_file(id, file, err)
  local key, size = job_key(id), size_of(id, file)
  if not size or has_ended(id, file) then return end
  local flown = land(id, file)
  if err == '' then
    redis.call('HSET', key .. ':states', file, 'c')
    redis.call('HINCRBY', key, 'completed_files', 1)
    redis.call('HINCRBY', key, 'recorded_bytes', num(size))
  else
    redis.call('HSET', key .. ':states', file, 'f' .. num(flown) .. ' ' .. err)
    redis.call('HINCRBY', key, 'recorded_bytes', num(flown))
  end
  touch(id, file)
end

-- Removes the files, units and sums of a job, and what is known of their changes.
local function forget_plan(id)
  local key = job_key(id)
  redis.call('UNLINK', key .. ':files', key .. ':states', key .. ':flying', key .. ':units', key .. ':changed')
  redis.call('HSET', key, 'changes_from', redis.call('HINCRBY', key, 'changes', 1))
  redis.call('HDEL', key, 'total_files', 'completed_files', 'total_bytes', 'recorded_bytes', 'flying_bytes',
    'units', 'next_unit', 'settled_units')
end

local function is_terminal(status)
  return status == 'completed' or status == 'failed' or status == 'cancelled'
end

-- What the scripts have to know of a job beside its text, from the arguments that begin at the first.
local function facts(first)
  return { status = ARGV[first], version = ARGV[first + 1], epoch = ARGV[first + 2], fingerprint = ARGV[first + 3],
    repo_key = P .. ':repo:' .. ARGV[first + 4], exclusive = ARGV[first + 5] == '1', turn = tonumber(ARGV[first + 6]),
    ended_ms = ARGV[first + 7] }
end

-- What keeps a job from becoming live: 'duplicate' or 'blocked' with the id of the other, or nothing.
local function obstacle(job)
  local same = redis.call('HGET', P .. ':live', job.fingerprint)
  if same and redis.call('EXISTS', job_key(same)) == 1 then return 'duplicate ' .. same end
  -- An exclusive job lives alone, so any one tells of what kind they all are.
  local other = redis.call('HRANDFIELD', job.repo_key, 1, 'WITHVALUES')
  if other[1] and (job.exclusive or other[2] == 'exclusive') then return 'blocked ' .. other[1] end
end

-- Puts a job where its status belongs, and takes it from where it was.
local function move(id, from, job)
  if job.status ~= 'queued' then
    redis.call('ZREM', P .. ':waiting', id)
  elseif not redis.call('ZSCORE', P .. ':waiting', id) then
    -- The turn stands above the order in which it came.
    redis.call('ZADD', P .. ':waiting', num(job.turn * 2 ^ 50 + sequence()), id)
    redis.call('HSET', job_key(id), 'queued_ms', num(NOW))
  end
  redis.call((job.status == 'running' and not job.exclusive) and 'SADD' or 'SREM', P .. ':active', id)
  if not is_terminal(job.status) then
    redis.call('HSET', P .. ':live', job.fingerprint, id)
    redis.call('HSET', job.repo_key, id, job.exclusive and 'exclusive' or 'shared')
    redis.call('ZREM', P .. ':ended', id)
    return
  end
  redis.call('HDEL', job.repo_key, id)
  if redis.call('HGET', P .. ':live', job.fingerprint) == id then
    redis.call('HDEL', P .. ':live', job.fingerprint)
  end
  if not is_terminal(from) then redis.call('ZADD', P .. ':ended', job.ended_ms, id) end
end

-- Forgets a job that has ended, with all that belongs to it.
local function forget(id)
  close_all(id)
  forget_plan(id)
  redis.call('UNLINK', job_key(id), job_key(id) .. ':tasks')
  redis.call('ZREM', P .. ':ended', id)
  redis.call('ZREM', P .. ':jobs', id)
  redis.call('PUBLISH', P .. ':events', id)
end
