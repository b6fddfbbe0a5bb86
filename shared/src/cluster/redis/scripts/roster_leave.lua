-- Roster::leave. ARGV: worker.
redis.call('UNLINK', P .. ':worker:' .. ARGV[1])
redis.call('ZREM', P .. ':workers', ARGV[1])
return 0
