-- Materialized views: functions of the block alone (invariant 5), fed by every insert into hourly_facts.
-- One insert must arrive as one physical block and must not hold one (partition, block) twice: INSERT_SETTINGS in
-- src/runtime/clickhouse-schema.ts sees to the first, the sink to the second.

-- Exact sums: a finite float64 is sign * mantissa * 2^(exponent - 1074) with an integer mantissa below 2^53. To the base
-- 2^128 it is the digit `mantissa << exponent % 128` (below 2^180) at the position `exponent / 128`, and digits of one
-- position add up in Int256 without a rounding: 2^75 of them fit.
CREATE MATERIALIZED VIEW IF NOT EXISTS hourglass.district_facts_mv TO hourglass.district_facts AS
WITH
    [reinterpretAsUInt64(f.sum), reinterpretAsUInt64(f.sum_lo)] AS bits,
    arrayMap(b -> bitAnd(bitShiftRight(b, 52), 2047), bits) AS biased,
    arrayMap(e -> toUInt16(greatest(e, 1) - 1), biased) AS exponents,
    arrayMap((b, e) -> bitAnd(b, 4503599627370495) + if(e = 0, 0, 4503599627370496), bits, biased) AS mantissas,
    isFinite(f.sum) AND isFinite(f.sum_lo) AS finite
SELECT
    city, district, kind, metric, hour, partition, block, incarnation,
    max(f.revised) AS revised,
    sum(f.count) AS count,
    sumMapIf(
        arrayMap(e -> toUInt8(bitShiftRight(e, 7)), exponents),
        arrayMap((b, e, m) -> if(b < 9223372036854775808, 1, -1) * bitShiftLeft(toInt256(m), bitAnd(e, 127)), bits, exponents, mantissas),
        finite) AS sums,
    max(NOT finite) AS overflow,
    min(f.min) AS min,
    max(f.max) AS max,
    uniqExactState(f.sensor) AS sensors
FROM hourglass.hourly_facts AS f
GROUP BY city, district, kind, metric, hour, partition, block, incarnation;

CREATE MATERIALIZED VIEW IF NOT EXISTS hourglass.sensor_facts_mv TO hourglass.sensor_facts AS
SELECT
    city, district, kind, metric, sensor,
    min(toDateTime64(f.hour, 3, 'UTC') + toIntervalMillisecond(f.first_ms)) AS first_seen,
    max(toDateTime64(f.hour, 3, 'UTC') + toIntervalMillisecond(f.last_ms)) AS last_seen
FROM hourglass.hourly_facts AS f
GROUP BY city, district, kind, metric, sensor;
