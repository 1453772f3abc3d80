-- The second stage: rollups of whole days that are over, added up once (src/runtime/compaction.ts fills the table).
--
-- district_facts holds the sensors of each hour one by one (invariant 5), so that a year of a city takes seconds to read. What
-- a day adds up to changes only when blocks with rows of it come or go. Compacted figures stand under a number that says from
-- which blocks they were read; whoever reads them compares it with the blocks that the day has now (invariant 16). So a
-- correction makes a compacted day worthless by being there: nobody has to be told.

-- Which blocks have rows of a UTC day.
CREATE TABLE IF NOT EXISTS hourglass.day_blocks
(
    day Date CODEC(Delta, ZSTD(1)),
    incarnation UInt32 CODEC(ZSTD(1)),
    partition UInt16 CODEC(ZSTD(1)),
    block UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, incarnation, partition, block)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 0, replicated_deduplication_window = 0;

-- From the rows of districts: they are fewer than those of sensors.
CREATE MATERIALIZED VIEW IF NOT EXISTS hourglass.day_blocks_mv TO hourglass.day_blocks AS
SELECT toDate(f.hour) AS day, f.incarnation AS incarnation, f.partition AS partition, f.block AS block
FROM hourglass.district_facts AS f
GROUP BY day, incarnation, partition, block;

-- What was there before. A block that is on its way at this moment and is missed leaves its day uncompacted, no more.
INSERT INTO hourglass.day_blocks
SELECT DISTINCT toDate(hour), incarnation, partition, block FROM hourglass.district_facts;

-- The number of a set of blocks: 53 bits, which every language's numbers hold. Twice: of the blocks that a day has, and of
-- those that the rollups' rows are of. They differ while an insert is on its way through the views, in whatever order it takes them.
CREATE OR REPLACE VIEW hourglass.day_versions AS
SELECT b.day AS day, bitShiftRight(sum(cityHash64(b.incarnation, b.partition, b.block)), 11) AS blocks
FROM hourglass.day_blocks AS b FINAL
GROUP BY b.day
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW hourglass.district_day_versions AS
SELECT b.day AS day, bitShiftRight(sum(cityHash64(b.incarnation, b.partition, b.block)), 11) AS blocks
FROM (SELECT DISTINCT toDate(f.hour) AS day, f.incarnation AS incarnation, f.partition AS partition, f.block AS block FROM hourglass.district_facts AS f) AS b
GROUP BY b.day;

-- Figures of the views of 0006. The days of a month are exchanged all at once, so that no key is here twice.
CREATE TABLE IF NOT EXISTS hourglass.compacted_rollups
(
    -- A row of `compacted` says that the day is here, with all of its places; it has no figures and no place.
    step Enum8('compacted' = 0, 'hour' = 1, 'day' = 2),
    city LowCardinality(String),
    -- Empty: the whole city.
    district LowCardinality(String),
    metric LowCardinality(String),
    kind LowCardinality(String),
    begins DateTime('UTC') CODEC(Delta, ZSTD(1)),
    blocks UInt64 CODEC(ZSTD(1)),
    count UInt64 CODEC(ZSTD(1)),
    sum Nullable(Float64) CODEC(ZSTD(1)),
    min Float64 CODEC(ZSTD(1)),
    max Float64 CODEC(ZSTD(1)),
    sensors UInt64 CODEC(ZSTD(1)),
    revision UInt64 CODEC(ZSTD(1)),
    -- Distinct sensors of the hours, added up: what coverages are measured by.
    sensor_hours UInt64 CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(begins)
ORDER BY (step, city, district, metric, kind, begins)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 0, replicated_deduplication_window = 0;
