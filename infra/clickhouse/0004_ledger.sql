-- How the books of each partition stood when a minute of receipt ended (invariant 14); written by the workers from
-- committed checkpoints only, and the same row however often it is inserted.

CREATE TABLE IF NOT EXISTS hourglass.ledger_facts
(
    incarnation UInt32 CODEC(ZSTD(1)),
    partition UInt16 CODEC(ZSTD(1)),
    -- Counted is what the broker received before; no row where nothing came in the minute.
    at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    -- `at` of the partition's row before, 1970 where there is none: a row that is missing shows.
    since DateTime('UTC') CODEC(Delta, ZSTD(1)),
    last_sequence UInt64 CODEC(Delta, ZSTD(1)),
    -- Totals since the stream was created.
    messages UInt64 CODEC(Delta, ZSTD(1)),
    messages_used UInt64 CODEC(Delta, ZSTD(1)),
    messages_duplicate UInt64 CODEC(Delta, ZSTD(1)),
    messages_rejected UInt64 CODEC(Delta, ZSTD(1)),
    readings_counted UInt64 CODEC(Delta, ZSTD(1)),
    readings_late UInt64 CODEC(Delta, ZSTD(1)),
    readings_rejected UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (incarnation, partition, at)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 0, replicated_deduplication_window = 0;
