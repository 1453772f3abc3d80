/**
 * Every limit of the program: name, unit (last in the name) and reason, in one place.
 *
 * Boundary: constants only; nothing here reads the environment.
 * Invariant 13 (docs/ARCHITECTURE.md): everything is bounded, and each bound is named here.
 * The relations between limits are asserted when this module loads.
 */

/** Characters of one subject token. Keeps a full subject below the broker's comfort of ~300 bytes. */
export const SUBJECT_TOKEN_CHARS_MAX = 64;
/** Bytes of a sensor's name: long enough for a URN, short enough for an index key. */
export const SENSOR_NAME_BYTES_MAX = 256;
/** Characters of a metric's name. */
export const METRIC_NAME_CHARS_MAX = 64;
/** Readings in one frame; also keeps the index of a reading in 16 bits on the wire. */
export const FRAME_READINGS_MAX = 65_536;
/** Records in one SenML pack: the same work per message as the largest frame. */
export const SENML_RECORDS_MAX = 65_536;
/** Nesting of a MessagePack value that we skip: deeper is hostile, and the skipper recurses. */
export const MSGPACK_DEPTH_MAX = 32;
/** Bytes of one message the embedded broker takes. 65,536 readings of 8 + 4 bytes and names of 100 bytes fit. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

/** How far ahead of the broker's time a reading may be: clocks drift, they do not leap. */
export const FUTURE_MS_MAX = 10 * 60_000;
/** The earliest time a reading may have: 1990-01-01. Older is a broken clock (1970, 1980, 1989 are firmware defaults). */
export const READING_TIME_MS_MIN = Date.UTC(1990, 0, 1);

/** Numbers of one session remembered one by one (contract, section 2). */
export const SESSION_NUMBERS_REMEMBERED = 1024;
/** Sessions remembered per source; a publisher restart makes one. The least recently used is forgotten first. */
export const SESSIONS_PER_SOURCE_MAX = 32;
/** Sources with sessions remembered per partition. The least recently used is forgotten first. */
export const SESSION_SOURCES_PER_PARTITION_MAX = 65_536;

/** Bytes of the original payload that a message in REJECTED carries: enough to see what was wrong. */
export const REJECT_PAYLOAD_BYTES_MAX = 65_536;
/** Characters of the index list of one rejected message: the broker allows 64 KiB of headers in all. */
export const REJECT_INDEXES_CHARS_MAX = 16_384;
/** Characters of the text that says what was wrong. */
export const REJECT_DETAIL_CHARS_MAX = 512;
/** Bytes of rejects one partition holds between two commits; at the bound a commit is due at once. */
export const REJECT_BYTES_PER_PARTITION_MAX = 4 * 1024 * 1024;

/** Rows of one block: one ClickHouse insert block (invariant 4). */
export const BLOCK_ROWS_MAX = 65_536;
/** Bytes of one block: keeps one insert and one set of checkpoint chunks small. */
export const BLOCK_BYTES_MAX = 16 * 1024 * 1024;
/** Blocks of one partition waiting for ClickHouse; at the bound the partition's pull stops (back-pressure). */
export const OUTBOX_BLOCKS_PER_PARTITION_MAX = 1024;
/** Bytes of blocks one worker thread holds for ClickHouse; at the bound its pull stops. */
export const OUTBOX_BYTES_PER_HOST_MAX = 256 * 1024 * 1024;
/** Late (series, hour) cells of one partition; at the bound they are sealed at once. One block full. */
export const LATE_CELLS_PER_PARTITION_MAX = 65_536;
/** Bytes of window cells of one worker thread; at the bound the oldest hours are sealed early. */
export const WINDOW_BYTES_PER_HOST_MAX = 4 * 1024 * 1024 * 1024;

/**
 * Readings of one cell after which its running sum becomes a row. n additions err by at most n · 2^-106 · Σ|v| (model/double-double.ts),
 * so 2^12 of them stay below a quarter of a unit in the last place where Σ|v| ≤ 2^40 · |Σv|; an hour of one reading a second is one row.
 */
export const CELL_READINGS_MAX = 4_096;

/** How long late readings wait before they are sealed as a correction. The contract promises 30 s. */
export const LATE_SEAL_INTERVAL_MS = 5_000;
/** How long a new series waits before its first row is sealed, so that the tables know it. */
export const NEWBORN_SEAL_INTERVAL_MS = 5_000;
/** Time between two checkpoints of a partition that has something to say. */
export const CHECKPOINT_INTERVAL_MS = 2_000;
/** Time between two checkpoints of a partition whose only news is its position or watermark. */
export const IDLE_CHECKPOINT_INTERVAL_MS = 15_000;
/** How late a reading may come and still be in time for its hour's first row. */
export const ALLOWED_DISORDER_MS = 5_000;

/** Bytes of one checkpoint chunk: below the 1 MiB message of a broker that is not ours. */
export const CHECKPOINT_CHUNK_BYTES_MAX = 900 * 1024;
/** Bytes in flight per connection: far below the 64 MiB at which the broker cuts a slow consumer. */
export const IN_FLIGHT_BYTES_MAX = 16 * 1024 * 1024;
/** Messages of one pull request. */
export const PULL_MESSAGES_MAX = 16_384;

/** A member that has written nothing for this long is taken for dead, and its partitions are free. */
export const LEASE_MS = 3_000;
/** An owner that could not renew neither commits nor answers from this long after its last renewal was sent: 2/3 of LEASE_MS. */
export const LEASE_STOP_MS = 2_000;
/** Time between two renewals: well within a third, so that one may be lost. */
export const LEASE_RENEW_MS = 500;
/** A member that has not heard its own writes for this long knows nothing of the others. */
export const LEASE_ECHO_MS_MAX = 1_500;
/** Time one call about leases may take: a late renewal is worth nothing. */
export const LEASE_CALL_MS_MAX = 1_000;
/** Time between two looks at what should move. */
export const LEASE_LOOK_MS = 100;
/** A member whose renewals are refused for so long, and whom no watch tells why, ends and starts anew. */
export const LEASE_REFUSED_MS_MAX = 15_000;
/** A worker thread that has said nothing for this long hangs: its largest message takes it a second. */
export const THREAD_SILENCE_MS_MAX = 15_000;
/** A message that was in hand so many times when a worker thread failed is `poison`: once may be chance. */
export const POISON_FAILURES = 2;
/** A partition that could not be taken (its checkpoint cannot be trusted) is tried again after this. */
export const UNTRUSTED_RETRY_MS = 30_000;

/** Time a program has to drain after SIGTERM before it gives up (containers kill after 30 s). */
export const DRAIN_MS_MAX = 25_000;
/** Partitions of a stream: the subject filter of one consumer and the actor table stay small. */
export const PARTITIONS_MAX = 1024;
/** Worker threads of one node. */
export const WORKERS_MAX = 256;

/** Rows of one page the API gives when not asked. */
export const PAGE_ROWS_DEFAULT = 1_000;
/** Rows of one page the API gives at most; more is what CSV and NDJSON are for. */
export const PAGE_ROWS_MAX = 10_000;
/** Rows one host puts into one open-hour reply message: 512 rows of the longest names stay below 1 MiB. */
export const OPEN_HOUR_ROWS_PER_MESSAGE = 512;

function relation(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`limits.ts: ${sentence}`);
}
relation(LATE_SEAL_INTERVAL_MS + 2 * CHECKPOINT_INTERVAL_MS < 30_000, 'a correction must be readable within 30 s');
relation(LATE_CELLS_PER_PARTITION_MAX <= BLOCK_ROWS_MAX, 'late cells of one month must fit one block');
relation(CHECKPOINT_CHUNK_BYTES_MAX < 1024 * 1024, 'a chunk must fit a default broker message');
relation(IN_FLIGHT_BYTES_MAX > MESSAGE_BYTES_MAX, 'a pull must be able to carry the largest message');
relation(IN_FLIGHT_BYTES_MAX < 64 * 1024 * 1024, 'in-flight bytes must stay below the broker’s limit per connection');
relation(CHECKPOINT_INTERVAL_MS <= 5_000, 'a checkpoint at least every 5 s');

// Decoding (src/runtime/decode).
/** Keys of a frame's top-level map: five are known; each unknown one is remembered, to see it twice. */
export const FRAME_KEYS_MAX = 1024;
/** The highest `bver` we understand: RFC 8428 is version 10. */
export const SENML_VERSION_MAX = 10;
/** Records of a pack that is read straight from its bytes: the columns' first size. Larger ones go to the full parser. */
export const SENML_SCAN_RECORDS_MAX = 1024;
/** Metrics of SenML packs that keep their numbers from pack to pack: a city has dozens, a hostile source any number. */
export const SENML_METRICS_REMEMBERED = 1024;
/** Column layouts of frames remembered per channel: a gateway sends a few lists of sensors in turn. */
export const SHAPES_PER_CHANNEL_MAX = 4;
/** Channels of one decoder with remembered layouts; at least the last half of them stays. */
export const SHAPE_CHANNELS_MAX = 131_072;
/** Bytes of remembered layouts of one decoder: about 20,000 gateways of 500 sensors; at least the last half stays. */
export const SHAPE_CACHE_BYTES_MAX = 256 * 1024 * 1024;
/** What one remembered layout costs beside its columns: objects, array headers, map entry. */
export const SHAPE_OVERHEAD_BYTES = 1024;
/** Subjects of one decoder whose tokens are remembered; at least the last half stays. */
export const SUBJECTS_CACHED_MAX = 131_072;
/** Digits of a number in `Hourglass-Seq`: 2^53 has 16. */
export const SEQUENCE_DIGITS_MAX = 16;

/** Seconds after which a caller may ask again when something does not answer: a partition changes hands in a few. */
export const RETRY_AFTER_S = 2;
/** Characters of a page's cursor: five names and an hour, base64url, with room. */
export const CURSOR_CHARS_MAX = 4_096;
/** Positions of rejected readings listed one by one in an answer; `count` has them all. */
export const ANSWER_INDEXES_MAX = 100;
/** Characters of the header `Nats-Msg-Id`. */
export const MESSAGE_ID_CHARS_MAX = 256;
/** Hours that ClickHouse's DateTime can hold, 1970 to 2106. */
export const TABLE_HOURS_MAX = Math.floor((2 ** 32 - 1) / 3_600);
/** Time one readiness check may take: a probe usually waits a few seconds in all. */
export const READY_CHECK_MS_MAX = 3_000;
/** An idle connection stays open longer than the minute of a load balancer in front: it, not we, must be the one that closes. */
export const API_KEEP_ALIVE_MS = 65_000;
/** Time open answers have to end when the API closes; then their connections are cut. */
export const API_CLOSE_MS_MAX = 5_000;
/** Bytes of the program's log file after which it moves aside at the next start; two are kept. */
export const LOG_FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Part of a stream's bytes that must be free: below it, `readyz` says that the stream is full. */
export const STREAM_FREE_SHARE_MIN = 0.01;

// Embedded servers (src/embedded).
/** The oldest nats-server (major, minor) found on PATH that is taken: subject transforms of streams are as old as this. */
export const NATS_SERVER_VERSION_MIN = [2, 10] as const;
/** Bytes waiting to be written to one connection; above, the broker cuts it. Its own default, said as infra/nats says it. */
export const BROKER_PENDING_BYTES_MAX = 64 * 1024 * 1024;
/** Time a reader may take nothing before the broker cuts it, s; as infra/nats. */
export const BROKER_WRITE_DEADLINE_S = 10;
/** Unanswered QoS 1 messages an MQTT client may have; as infra/nats. */
export const MQTT_ACK_PENDING_MAX = 1024;
/**
 * Bytes of the embedded broker's store: no bound of its own. Each stream has one, the disk is watched, and a bound below
 * what an existing stream reserves would keep the broker from opening it.
 */
export const BROKER_STORE_BYTES_MAX = 2 ** 50;
/** Part of the machine's memory that the embedded database may take: the workers' windows need the rest. */
export const DATABASE_MEMORY_SHARE = 0.4;
/** Threads that merge parts: the database shares the cores with workers and broker. */
export const DATABASE_MERGE_THREADS = 4;
/** Threads of the database's periodic tasks: with its default of 2, each kind of task waits for the others. */
export const DATABASE_TASK_THREADS = 8;
/** Bytes of the database's cache of marks: 1,000 parts of the largest size, not the default of 5 GB. */
export const DATABASE_MARK_CACHE_BYTES = 256 * 1024 * 1024;
/** Bytes of one log file of an embedded server; one older is kept. */
export const SERVER_LOG_BYTES_MAX = 16 * 1024 * 1024;
/** Time an embedded server has to become ready: after a crash the broker reads its whole store (some 20 GB). */
export const SERVER_START_MS_MAX = 180_000;
/** Time an embedded server has to end by itself; ClickHouse alone waits 5 s for queries that run. Then it is killed. */
export const SERVER_STOP_MS_MAX = 8_000;
/** Time we wait for the servers of a run that was killed: they notice at once, and then end within the time above. */
export const EARLIER_SERVERS_MS_MAX = 12_000;
/** Time between two health checks of a server, and the time one may take. */
export const HEALTH_INTERVAL_MS = 5_000;
/** Health checks in a row without an answer after which a server is started anew: a minute; load makes slow, not silent. */
export const HEALTH_FAILURES_MAX = 12;
/** Wait before a server that died is started again; doubled each time ... */
export const RESTART_BACKOFF_MS_MIN = 100;
/** ... up to this, ... */
export const RESTART_BACKOFF_MS_MAX = 10_000;
/** ... and begun anew after it ran this long. */
export const RESTART_CALM_MS = 60_000;
/** Free bytes of the data folder's disk below which nothing is started: the servers could not even merge and compact. */
export const DISK_FREE_BYTES_MIN = 256 * 1024 * 1024;
/** Free bytes below which we warn: an hour or so of a busy city. */
export const DISK_LOW_BYTES = 2 * 1024 ** 3;
/** Time between two looks at the free bytes. */
export const DISK_INTERVAL_MS = 10_000;

relation(LEASE_STOP_MS * 3 <= LEASE_MS * 2, 'an owner must stop well before others take its partitions');
relation(LEASE_RENEW_MS * 3 <= LEASE_STOP_MS, 'one renewal may be lost');
relation(LEASE_CALL_MS_MAX < LEASE_STOP_MS, 'an answer must come while it still means something');
relation(LEASE_ECHO_MS_MAX > LEASE_RENEW_MS && LEASE_ECHO_MS_MAX < LEASE_MS, 'echoes come with every renewal');

relation(SERVER_STOP_MS_MAX < EARLIER_SERVERS_MS_MAX, 'servers of a killed run must have ended when we stop waiting');
relation(SERVER_STOP_MS_MAX < DRAIN_MS_MAX, 'servers must end within the time the program has to drain');
relation(BROKER_PENDING_BYTES_MAX > IN_FLIGHT_BYTES_MAX, 'the broker must bear what a worker asks for');
relation(DISK_FREE_BYTES_MIN < DISK_LOW_BYTES, 'the warning must come before the refusal');
