-- LZ4 for what is read and written all the time. With ZSTD, as 0001 had it, the database took longer to read a sensor's hours, to insert
-- and to merge; rows of hourly_facts took less room on disk. Numbers of blocks rise along a series, so they are kept as differences;
-- first and last times are cut to the bits that they have (T64).
-- Rows that are there keep their codec until a merge writes them anew.

ALTER TABLE hourglass.hourly_facts
    MODIFY COLUMN sensor CODEC(LZ4),
    MODIFY COLUMN hour CODEC(Delta, LZ4),
    MODIFY COLUMN partition CODEC(LZ4),
    MODIFY COLUMN block CODEC(Delta, LZ4),
    MODIFY COLUMN incarnation CODEC(LZ4),
    MODIFY COLUMN revised CODEC(LZ4),
    MODIFY COLUMN count CODEC(LZ4),
    MODIFY COLUMN sum CODEC(LZ4),
    MODIFY COLUMN sum_lo CODEC(LZ4),
    MODIFY COLUMN min CODEC(LZ4),
    MODIFY COLUMN max CODEC(LZ4),
    MODIFY COLUMN first_ms CODEC(T64, LZ4),
    MODIFY COLUMN last_ms CODEC(T64, LZ4);

-- Hashes of sensors: nothing makes them smaller.
ALTER TABLE hourglass.district_facts MODIFY COLUMN sensors CODEC(LZ4);

ALTER TABLE hourglass.sensor_facts
    MODIFY COLUMN sensor CODEC(LZ4),
    MODIFY COLUMN first_seen CODEC(LZ4),
    MODIFY COLUMN last_seen CODEC(LZ4);
