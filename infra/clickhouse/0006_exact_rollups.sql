-- The rollups of 0003, with exact terms.
--
-- toInt256 of a float64 is wrong from about 2^64 on, by 2^-64 of it: what 0003 took a digit's float64 to lack was not what it lacks.
-- Where large and small readings cancelled, the sum was some 2^-63 off. A digit is cut into pieces of 52 bits instead, each
-- of which a float64 holds; by its magnitude, so that the pieces of one digit have one sign and do not cancel.

CREATE OR REPLACE VIEW hourglass.district_hourly AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    (digit, shift) -> toFloat64(toUInt64(bitAnd(bitShiftRight(toUInt256(abs(digit)), shift), 4503599627370495))) AS piece,
    (position, digit) -> arrayMap(shift -> if(piece(digit, shift) = 0, 0., sign(digit) * piece(digit, shift) * exp2(128 * position + shift - 1074)), [208, 156, 104, 52, 0]) AS terms,
    arrayFold((s, x) -> add_to(s, x), arrayFlatten(arrayMap((p, d) -> terms(p, d), sumMap(f.sums).1, sumMap(f.sums).2)), (0., 0.)).1 AS total
SELECT
    f.city AS city, f.district AS district, f.kind AS kind, f.metric AS metric, f.hour AS hour,
    sum(f.count) AS count,
    if(isFinite(total) AND max(f.overflow) = 0, total, NULL) AS sum,
    min(f.min) AS min,
    max(f.max) AS max,
    sum / count AS mean,
    uniqExactIf((f.incarnation, f.partition, f.block), f.revised = 1) AS revision,
    uniqExactMerge(f.sensors) AS sensors
FROM hourglass.district_facts AS f FINAL
GROUP BY f.city, f.district, f.kind, f.metric, hour
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW hourglass.district_daily AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    (digit, shift) -> toFloat64(toUInt64(bitAnd(bitShiftRight(toUInt256(abs(digit)), shift), 4503599627370495))) AS piece,
    (position, digit) -> arrayMap(shift -> if(piece(digit, shift) = 0, 0., sign(digit) * piece(digit, shift) * exp2(128 * position + shift - 1074)), [208, 156, 104, 52, 0]) AS terms,
    arrayFold((s, x) -> add_to(s, x), arrayFlatten(arrayMap((p, d) -> terms(p, d), sumMap(f.sums).1, sumMap(f.sums).2)), (0., 0.)).1 AS total
SELECT
    f.city AS city, f.district AS district, f.kind AS kind, f.metric AS metric, toDate(f.hour) AS day,
    sum(f.count) AS count,
    if(isFinite(total) AND max(f.overflow) = 0, total, NULL) AS sum,
    min(f.min) AS min,
    max(f.max) AS max,
    sum / count AS mean,
    uniqExactIf((f.incarnation, f.partition, f.block), f.revised = 1) AS revision,
    uniqExactMerge(f.sensors) AS sensors
FROM hourglass.district_facts AS f FINAL
GROUP BY f.city, f.district, f.kind, f.metric, day
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW hourglass.city_hourly AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    (digit, shift) -> toFloat64(toUInt64(bitAnd(bitShiftRight(toUInt256(abs(digit)), shift), 4503599627370495))) AS piece,
    (position, digit) -> arrayMap(shift -> if(piece(digit, shift) = 0, 0., sign(digit) * piece(digit, shift) * exp2(128 * position + shift - 1074)), [208, 156, 104, 52, 0]) AS terms,
    arrayFold((s, x) -> add_to(s, x), arrayFlatten(arrayMap((p, d) -> terms(p, d), sumMap(d.sums).1, sumMap(d.sums).2)), (0., 0.)).1 AS total
SELECT
    d.city AS city, d.kind AS kind, d.metric AS metric, d.hour AS hour,
    sum(d.count) AS count,
    if(isFinite(total) AND max(d.overflow) = 0, total, NULL) AS sum,
    min(d.min) AS min,
    max(d.max) AS max,
    sum / count AS mean,
    uniqExactIfMerge(d.revisions) AS revision,
    sum(d.sensors) AS sensors
FROM
(
    SELECT
        f.city AS city, f.district AS district, f.kind AS kind, f.metric AS metric, f.hour AS hour,
        sum(f.count) AS count, sumMap(f.sums) AS sums, max(f.overflow) AS overflow, min(f.min) AS min, max(f.max) AS max,
        uniqExactIfState((f.incarnation, f.partition, f.block), f.revised = 1) AS revisions,
        uniqExactMerge(f.sensors) AS sensors
    FROM hourglass.district_facts AS f FINAL
    GROUP BY f.city, f.district, f.kind, f.metric, hour
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS d
GROUP BY d.city, d.kind, d.metric, d.hour;

CREATE OR REPLACE VIEW hourglass.city_daily AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    (digit, shift) -> toFloat64(toUInt64(bitAnd(bitShiftRight(toUInt256(abs(digit)), shift), 4503599627370495))) AS piece,
    (position, digit) -> arrayMap(shift -> if(piece(digit, shift) = 0, 0., sign(digit) * piece(digit, shift) * exp2(128 * position + shift - 1074)), [208, 156, 104, 52, 0]) AS terms,
    arrayFold((s, x) -> add_to(s, x), arrayFlatten(arrayMap((p, d) -> terms(p, d), sumMap(d.sums).1, sumMap(d.sums).2)), (0., 0.)).1 AS total
SELECT
    d.city AS city, d.kind AS kind, d.metric AS metric, d.day AS day,
    sum(d.count) AS count,
    if(isFinite(total) AND max(d.overflow) = 0, total, NULL) AS sum,
    min(d.min) AS min,
    max(d.max) AS max,
    sum / count AS mean,
    uniqExactIfMerge(d.revisions) AS revision,
    sum(d.sensors) AS sensors
FROM
(
    SELECT
        f.city AS city, f.district AS district, f.kind AS kind, f.metric AS metric, toDate(f.hour) AS day,
        sum(f.count) AS count, sumMap(f.sums) AS sums, max(f.overflow) AS overflow, min(f.min) AS min, max(f.max) AS max,
        uniqExactIfState((f.incarnation, f.partition, f.block), f.revised = 1) AS revisions,
        uniqExactMerge(f.sensors) AS sensors
    FROM hourglass.district_facts AS f FINAL
    GROUP BY f.city, f.district, f.kind, f.metric, day
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS d
GROUP BY d.city, d.kind, d.metric, d.day;
