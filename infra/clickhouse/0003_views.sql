-- What dashboards may query: names and columns are stable (contract, section 4).
--
-- FINAL reads each block once, whatever the merges have done (invariant 4). A key never lies in two months, so FINAL may
-- work month by month.
--
-- `add_to` adds a float64 to a double-double (hi, lo), the same arithmetic as src/model/double-double.ts: `sum` and
-- `sumKahan` would lose what the compensations of two rows know. A sum that overflowed is null.

CREATE VIEW IF NOT EXISTS hourglass.hourly AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    arraySort(groupArray((f.incarnation, f.partition, f.block, f.sum, f.sum_lo))) AS parts,
    if(count() = 1, any(f.sum), arrayFold((s, x) -> add_to(s, x), arrayFlatten(arrayMap(p -> [p.4, p.5], parts)), (0., 0.)).1) AS total
SELECT
    f.city AS city, f.district AS district, f.kind AS kind, f.sensor AS sensor, f.metric AS metric, f.hour AS hour,
    sum(f.count) AS count,
    if(isFinite(total), total, NULL) AS sum,
    min(f.min) AS min,
    max(f.max) AS max,
    sum / count AS mean,
    countIf(f.revised = 1) AS revision
FROM hourglass.hourly_facts AS f FINAL
GROUP BY f.city, f.district, f.kind, f.metric, f.sensor, f.hour
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Rollups. `sums` holds digits of an exact number to the base 2^128 (0002): they are added exactly, turned into float64
-- terms once, and only the terms' sum is rounded. Distinct sensors are counted within a district and then added up over
-- districts, where they are disjoint: a series' key contains its district. `revision` counts blocks with corrections.

CREATE VIEW IF NOT EXISTS hourglass.district_hourly AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    (position, digit) -> arrayMap(d -> toFloat64(d) * exp2(128 * position - 1074), [digit, digit - toInt256(toFloat64(digit))]) AS terms,
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

CREATE VIEW IF NOT EXISTS hourglass.district_daily AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    (position, digit) -> arrayMap(d -> toFloat64(d) * exp2(128 * position - 1074), [digit, digit - toInt256(toFloat64(digit))]) AS terms,
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

CREATE VIEW IF NOT EXISTS hourglass.city_hourly AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    (position, digit) -> arrayMap(d -> toFloat64(d) * exp2(128 * position - 1074), [digit, digit - toInt256(toFloat64(digit))]) AS terms,
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

CREATE VIEW IF NOT EXISTS hourglass.city_daily AS
WITH
    (a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
    (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
    (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
    (position, digit) -> arrayMap(d -> toFloat64(d) * exp2(128 * position - 1074), [digit, digit - toInt256(toFloat64(digit))]) AS terms,
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

CREATE VIEW IF NOT EXISTS hourglass.sensors AS
SELECT
    f.city AS city, f.district AS district, f.kind AS kind, f.sensor AS sensor, f.metric AS metric,
    toDateTime64(min(f.first_seen), 3, 'UTC') AS first_seen,
    toDateTime64(max(f.last_seen), 3, 'UTC') AS last_seen
FROM hourglass.sensor_facts AS f
GROUP BY f.city, f.district, f.kind, f.metric, f.sensor;
