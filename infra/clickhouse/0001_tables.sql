-- The tables that worker nodes write (hourly_facts) and that materialized views fill (district_facts, sensor_facts).
--
-- Invariant 4: a block may be inserted any number of times. The sorting key of every table ends in
-- (partition, block, incarnation), so the same block again is the same rows, and FINAL reads each of them once.
-- Order of the key: the dashboard's questions name a city first, a sensor before an hour.
-- All rows of one insert lie in one month, so the key never meets itself across table partitions.
-- ClickHouse's own deduplication of inserts is off: a retry after a half-finished insert must reach every view.
--
-- Applied before as 36fb7de75e1e83ae36b75c301b91a0fe5613217761266965e29e480dee61f778: hourly_facts had granules of 8192 rows, which a table keeps. Its hours are the same; a
-- sensor's take the database longer.

-- One row is what one block knows about one series' hour. RowBinary without names is written in THIS column order
-- (src/runtime/hourly-sink.ts has the other half of this comment); a new column goes to the end, with a default.
CREATE TABLE IF NOT EXISTS hourglass.hourly_facts
(
    city LowCardinality(String),
    district LowCardinality(String),
    kind LowCardinality(String),
    metric LowCardinality(String),
    sensor String CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    partition UInt16 CODEC(ZSTD(1)),
    block UInt64 CODEC(ZSTD(1)),
    -- Creation of the stream that the readings came from, in seconds since 1970.
    incarnation UInt32 CODEC(ZSTD(1)),
    -- 1: sealed after its hour had been closed, a correction.
    revised UInt8 CODEC(ZSTD(1)),
    count UInt32 CODEC(ZSTD(1)),
    -- sum + sum_lo is the double-double sum; `sum` alone is it rounded. inf: it overflowed.
    sum Float64 CODEC(ZSTD(1)),
    sum_lo Float64 CODEC(ZSTD(1)),
    min Float64 CODEC(ZSTD(1)),
    max Float64 CODEC(ZSTD(1)),
    -- ms into the hour of the first and the last reading by event time.
    first_ms UInt32 CODEC(ZSTD(1)),
    last_ms UInt32 CODEC(ZSTD(1)),
    -- Which blocks there are, without reading the rows (invariant 10 asks it whenever a partition is claimed).
    PROJECTION blocks (SELECT incarnation, partition, max(block) GROUP BY incarnation, partition)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (city, district, kind, metric, sensor, hour, partition, block, incarnation)
-- A question is about some hundred hours of a sensor: less than a granule. The columns of a granule lie together in one file (a
-- compact part) as long as memory can hold a month: to open a file for each column took longer than to read its rows.
SETTINGS index_granularity = 2048, min_bytes_for_wide_part = 17179869184, deduplicate_merge_projection_mode = 'rebuild',
    non_replicated_deduplication_window = 0, replicated_deduplication_window = 0;

-- What one block knows about one district's hour. `sums` is exact: see 0002.
CREATE TABLE IF NOT EXISTS hourglass.district_facts
(
    city LowCardinality(String),
    district LowCardinality(String),
    kind LowCardinality(String),
    metric LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    partition UInt16 CODEC(ZSTD(1)),
    block UInt64 CODEC(ZSTD(1)),
    incarnation UInt32 CODEC(ZSTD(1)),
    -- 1: the block carries a correction for this hour.
    revised UInt8 CODEC(ZSTD(1)),
    count UInt64 CODEC(ZSTD(1)),
    -- Exact sum of the finite part: digit position -> digit of a number written to the base 2^128.
    sums Tuple(position Array(UInt8), digit Array(Int256)) CODEC(ZSTD(1)),
    -- 1: one of the sums had overflowed, so this one is null.
    overflow UInt8 CODEC(ZSTD(1)),
    min Float64 CODEC(ZSTD(1)),
    max Float64 CODEC(ZSTD(1)),
    -- Distinct sensors are a state: merged, never added up (invariant 5).
    sensors AggregateFunction(uniqExact, String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (city, district, kind, metric, hour, partition, block, incarnation)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 0, replicated_deduplication_window = 0;

-- Minimum and maximum are the same however often a block comes.
CREATE TABLE IF NOT EXISTS hourglass.sensor_facts
(
    city LowCardinality(String),
    district LowCardinality(String),
    kind LowCardinality(String),
    metric LowCardinality(String),
    sensor String CODEC(ZSTD(1)),
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (city, district, kind, metric, sensor)
SETTINGS non_replicated_deduplication_window = 0, replicated_deduplication_window = 0;
