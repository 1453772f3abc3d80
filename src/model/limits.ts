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

// Publishing (src/publish).
/** Messages that are written to the broker's socket together: a write costs as much as some ten messages. */
export const PUBLISH_BATCH_MESSAGES = 128;
/** Bytes of messages that are written together: as many as the client library hands to the socket at a time. */
export const PUBLISH_BATCH_BYTES = 32 * 1024;

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
/** Rows of one INSERT, of several blocks: each is a part of each table, and parts are merged for as long as they are small. */
export const INSERT_ROWS_MAX = 4 * BLOCK_ROWS_MAX;
/** An INSERT that is not full waits at most this long for blocks that are being committed: an hour of a million series ends within seconds. */
export const INSERT_GATHER_MS_MAX = 1_500;
/** Bytes of one INSERT: the database holds all of it in memory. */
export const INSERT_BYTES_MAX = 4 * BLOCK_BYTES_MAX;
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
/** The same where its open windows are large: all of them are written each time, and the broker is busy with a million series' for long. */
export const LARGE_CHECKPOINT_INTERVAL_MS = 4_000;
/** From so many bytes of open windows on: some 5,000 series' hours. */
export const LARGE_CHECKPOINT_BYTES = 256 * 1024;
/** Time of a tick for rows of hours that have ended: with a million series they take a second, in which messages would wait. */
export const SEAL_MS_PER_TICK_MAX = 50;
/** Bytes of checkpoints that one worker thread begins to write in a tick: all at once they are 100 MB, and messages wait for them. */
export const COMMIT_BYTES_PER_TICK_MAX = 8 * 1024 * 1024;
/** Time between two checkpoints of a partition whose only news is its position or watermark. */
export const IDLE_CHECKPOINT_INTERVAL_MS = 15_000;
/** How late a reading may come and still be in time for its hour's first row. */
export const ALLOWED_DISORDER_MS = 5_000;

/**
 * Time between two entries of the ledger, by the broker's time of receipt: one row per partition and minute with
 * messages, at most 92,160 a day with 64 partitions, some 2 MB in the table; the finest question the books answer.
 */
export const LEDGER_PERIOD_MS = 60_000;
/** Time between two inserts of ledger rows by one worker thread: one small part of a table each, merged by the database. */
export const LEDGER_INSERT_INTERVAL_MS = 5_000;
/** Entries of one partition that wait for ClickHouse, half a day; some 200 KB in its manifest. At the bound its pull stops. */
export const LEDGER_ENTRIES_PER_PARTITION_MAX = 720;
/** Gaps of one partition that are told apart; beyond, the two oldest are told as one. */
export const GAPS_PER_PARTITION_MAX = 64;

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
/** Partitions handed over at once: a partition waits for the last checkpoints of these, not for those of all that move. */
export const LEASES_MOVED_AT_ONCE = 8;
/**
 * Who hands partitions over waits so long for their heir to read them before it hands over more: heirs that load at the same time on
 * one machine make each other's partitions wait. Less than LEASE_STOP_MS: one that is to leave begins to within that.
 */
export const LEASE_HEIR_MS_MAX = 1_500;
/** Time between two looks whether the heir reads. */
export const LEASE_HEIR_LOOK_MS = 10;
/** A member whose renewals are refused for so long, and whom no watch tells why, ends and starts anew. */
export const LEASE_REFUSED_MS_MAX = 15_000;
/** A member that loses its lease a second time before it was calm for REST_CALM_MS wants no partition for so long ... */
export const REST_MS_MIN = 4_000;
/** ... and twice as long each time, up to this. */
export const REST_MS_MAX = 32_000;
/** A member that has held its lease for this long is like one that never lost it. */
export const REST_CALM_MS = 60_000;
/** A worker thread that has said nothing for this long hangs: its largest message takes it a second. */
export const THREAD_SILENCE_MS_MAX = 15_000;
/** A host whose position has not moved for this long while messages wait reads them through a new consumer ... */
export const PROGRESS_REBUILD_MS = 10_000;
/** ... and where that does not help either, its thread is started anew. */
export const PROGRESS_FAIL_MS = 30_000;
/** Part of the machine's memory that the worker threads of a node may take together: broker and system need the rest. */
export const WORKERS_MEMORY_SHARE = 0.7;
/** The same where the embedded database has its own part (DATABASE_MEMORY_SHARE). */
export const WORKERS_MEMORY_SHARE_WITH_DATABASE = 0.4;
/** Bytes a worker thread may take however many there are: below, it could not work. */
export const THREAD_BYTES_MIN = 256 * 1024 * 1024;
/** Bytes of a worker thread's heap, typed arrays not counted: what V8 gives it at most. */
export const THREAD_HEAP_BYTES_MAX = 4 * 1024 ** 3;
/**
 * MiB of a worker thread's young generation: a semi-space of 8 MiB. V8 counts buffers as the old generation's, and begins to mark
 * the whole heap when they leave less room than a semi-space takes: with the 64 MiB that it would let grow, three times a
 * second where a million series are read (`--trace-gc`, Node 24).
 */
export const THREAD_YOUNG_HEAP_MEBIBYTES = 24;
/** Part of a thread's bytes for window cells; at the bound the oldest hours are sealed early. */
export const THREAD_WINDOW_SHARE = 0.4;
/** Part of a thread's bytes for blocks that wait for the database; at the bound its pull stops. */
export const THREAD_OUTBOX_SHARE = 0.2;
/** Part of a thread's bytes above which it gives memory back: its oldest hours are sealed early. */
export const THREAD_RELIEF_SHARE = 0.8;
/** How long a thread may be above its bytes: garbage is fetched sooner. Then it is started anew from its checkpoints. */
export const THREAD_MEMORY_MS_MAX = 15_000;
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

// A pool that follows the load (src/runtime/scale-decision.ts).
/** Time between two looks at whether the pool fits the load: threads tell their figures every second. */
export const AUTO_LOOK_MS = 2_000;
/** A backlog that would take longer than this at the present pace is one. */
export const AUTO_BACKLOG_S_MAX = 3;
/** Threads that are at work for more than this share of the time are about to fall behind. */
export const AUTO_BUSY_SHARE_MAX = 0.85;
/** The pool shrinks only where the threads that stay would be at work for less than this share of the time. */
export const AUTO_BUSY_SHARE_CALM = 0.5;
/** Processors that must be free before a thread is added: it would only take turns with the others. */
export const AUTO_FREE_CORES_MIN = 0.3;
/** How long there must have been too much to do before a thread is added: longer than a pause of the broker. */
export const AUTO_GROW_AFTER_MS = 4_000;
/** How long there must have been little to do before a thread goes: moving partitions for a lull is not worth it. */
export const AUTO_SHRINK_AFTER_MS = 300_000;
/** Time after a change before the next one: the moved partitions must have caught up. */
export const AUTO_SETTLE_MS = 5_000;

/** Rows of one page the API gives when not asked. */
export const PAGE_ROWS_DEFAULT = 1_000;
/** Rows of one page the API gives at most; more is what CSV and NDJSON are for. */
export const PAGE_ROWS_MAX = 10_000;
/** Rows one host puts into one open-hour reply message: 512 rows of the longest names stay below 1 MiB. */
export const OPEN_HOUR_ROWS_PER_MESSAGE = 512;

function relation(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`limits.ts: ${sentence}`);
}
relation(
  LATE_SEAL_INTERVAL_MS + 2 * LARGE_CHECKPOINT_INTERVAL_MS < 30_000,
  'a correction must be readable within 30 s',
);
relation(LATE_CELLS_PER_PARTITION_MAX <= BLOCK_ROWS_MAX, 'late cells of one month must fit one block');
relation(CHECKPOINT_CHUNK_BYTES_MAX < 1024 * 1024, 'a chunk must fit a default broker message');
relation(IN_FLIGHT_BYTES_MAX > MESSAGE_BYTES_MAX, 'a pull must be able to carry the largest message');
relation(IN_FLIGHT_BYTES_MAX < 64 * 1024 * 1024, 'in-flight bytes must stay below the broker’s limit per connection');
relation(LARGE_CHECKPOINT_INTERVAL_MS < 5_000, 'a checkpoint at least every 5 s');

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
/** Subjects of one thread that are remembered; at least the last half stays. A power of two: places of a table. */
export const SUBJECTS_CACHED_MAX = 2 ** 17;
/** Sessions in `Hourglass-Seq` of one thread that are remembered as texts. A power of two: places of a table. */
export const SESSIONS_CACHED_MAX = 2 ** 14;
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
/** Time between two signs of life that the API asks the database for. */
export const DATABASE_PING_MS = 1_000;
/** A database that has not answered a ping for so long is away: the API then says so at once instead of waiting. */
export const DATABASE_SILENCE_MS_MAX = 4_000;
/** Time a broker's monitoring endpoint may take to answer. */
export const MONITOR_MS_MAX = 2_000;
/** How long facts about durability are taken for true: they change when somebody reconfigures a server. */
export const DURABILITY_FACTS_MS = 60_000;
/** An idle connection stays open longer than the minute of a load balancer in front: it, not we, must be the one that closes. */
export const API_KEEP_ALIVE_MS = 65_000;
/** Time open answers have to end when the API closes; then their connections are cut. */
export const API_CLOSE_MS_MAX = 5_000;
/** Bytes of the program's log file after which it moves aside at the next start; two are kept. */
export const LOG_FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Characters of the log that wait in memory while its file cannot be written; what comes then is on the terminal alone. */
export const LOG_WAITING_CHARS_MAX = 1024 * 1024;
/** Part of a stream's bytes that must be free: below it, `readyz` says that the stream is full. */
export const STREAM_FREE_SHARE_MIN = 0.01;

// Doors and locks of the API (src/api/doors, src/api/server.ts).
/** Keys of the key file: each request with a key is compared with all of them. */
export const API_KEYS_MAX = 1_000;
/** Time between two looks at the key file: so long a key that was taken away may still be used. */
export const KEY_FILE_LOOK_MS = 1_000;
/** How far the issuer's clock and ours may differ, s. */
export const TOKEN_CLOCK_SKEW_S = 30;
/** Time between two fetches of the issuer's keys that unknown keys in tokens can cause. */
export const JWKS_COOLDOWN_MS = 30_000;
/** Age of the issuer's keys after which they are fetched again: a key that was withdrawn is good no longer than this. */
export const JWKS_AGE_MS_MAX = 10 * 60_000;
/** How long a token that was verified is taken again unverified: its key may be withdrawn meanwhile. */
export const VERIFIED_TOKEN_MS_MAX = 30_000;
/** Tokens remembered as verified; the least recently used is forgotten first. A token is one or two kilobytes. */
export const VERIFIED_TOKENS_MAX = 1_000;
/** Time a call to the issuer may take: a caller waits for it. */
export const OIDC_CALL_MS_MAX = 5_000;
/** Window over which requests are counted: long enough for a dashboard's burst, short enough to wait for, s. */
export const RATE_WINDOW_S = 10;
/** Requests a second of one key or address when not configured: far above a dashboard, below what a flood needs. */
export const REQUESTS_PER_SECOND_DEFAULT = 1_000;
/** Credentials that stand for nobody, per address and window: each may cost a signature's verification. */
export const BAD_CREDENTIALS_PER_WINDOW_MAX = 100;
/** Time a browser may remember what CORS allows, s. */
export const PREFLIGHT_AGE_S = 600;
/** Characters of a URL: the longest cursor and every other parameter, percent-encoded. */
export const URL_CHARS_MAX = 12_288;
/** Bytes of a request's line and headers; Node's own default, said. */
export const HEADER_BYTES_MAX = 16 * 1024;
/** Bytes of a body where a route sets no limit of its own: settings and queries are small. */
export const BODY_BYTES_MAX = 64 * 1024;
/**
 * Bytes of a body that comes with an offer to change the protocol, where Node has read it before anybody is asked who sends it:
 * a frame of 65,536 readings. More cuts the connection; without the offer the route's own limit holds.
 */
export const UPGRADE_BODY_BYTES_MAX = 1024 * 1024;
/** Bytes below which an answer is not compressed: it fits a packet anyway. */
export const COMPRESS_BYTES_MIN = 1_024;
/** Connections of the API in all: each costs a descriptor and some 10 kB. */
export const API_CONNECTIONS_MAX = 16_384;
/** Connections of one address that is no trusted proxy: a wall of live screens behind one router, not a flood. */
export const API_CONNECTIONS_PER_ADDRESS_MAX = 4_096;
/** Time a connection has to send a request's headers, from its opening or the end of the one before. */
export const REQUEST_HEADERS_MS_MAX = 10_000;
/** Time a request has to arrive as a whole: the largest message on a line of 1.2 Mbit/s. */
export const REQUEST_MS_MAX = 60_000;
/** Time between two looks for connections that are too slow. */
export const SLOW_CONNECTIONS_LOOK_MS = 2_000;

// Answers that are kept (src/api/answers).
/** Bytes of answers about final hours kept to be given again: some 750 months of sensors. */
export const ANSWER_CACHE_BYTES_MAX = 128 * 1024 * 1024;
/** But no more than this part of the heap that the process may have: some hundred megabytes on small machines, or as --max-old-space-size says. */
export const ANSWER_CACHE_HEAP_PART = 0.125;
/** Bytes of one answer that is kept: a page of the largest size stays out rather than push all others out. */
export const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
/**
 * Bytes of one that is kept the first time; a longer one is kept when its question is asked again. Thousands of sensors' months that are
 * asked for once pushed out what is asked for all the time, and gave the collector more to do than the answers themselves.
 */
export const ANSWER_AT_ONCE_BYTES_MAX = 32 * 1024;
/** Questions that are remembered to have had such an answer, some 300 bytes each. */
export const ANSWERS_GIVEN_MAX = 10_000;
/** Bytes of a piece of one, and a string: V8 gives those of more than some 128 KiB pages of their own (kept-bytes.ts). */
export const KEPT_PIECE_BYTES = 32 * 1024;
/**
 * How long an answer about final hours is given again before it is read anew. A correction ends it sooner, when its block
 * is confirmed; this bounds what is seen between a block's insert and its confirmation, or while a watch stands still (but for hours of
 * sensors that were settled: SETTLED_AGE_MS).
 */
export const ANSWER_AGE_MS_MAX = 5_000;
/** An answer that takes longer than this is dear: the ledger beside a year of a large city takes seconds. */
export const DEAR_ANSWER_MS = 2_000;
/** Figures of a place that take the database longer than this are dear: a district of some thousand sensors. */
export const DEAR_FIGURES_MS = 20;
/** And given again for no longer than this, however long they took. */
export const DEAR_FIGURES_REST_MS_MAX = 3_000;
/** Hours of a series, figures of a place and what coverages are measured by are given again for this long while no rows are on their way to the tables: they are the same then. */
export const SETTLED_AGE_MS = 60_000;
/** Dear questions that are remembered with their answers, of one kind. */
export const DEAR_QUESTIONS_MAX = 128;
/** A dear answer is given again for so many times as long as it took: those who ask take a tenth of the database at most. */
export const DEAR_REST_FACTOR = 9;
/** In the last part of its rest a dear answer is asked for again, while it is given again. */
export const DEAR_FRESH_PART = 0.7;
/** How long what a coverage is measured by is taken for the same: it may lag by this, and nothing else does. */
export const COVERAGE_AGE_MS_MAX = 5_000;
/**
 * Up to so many rows of the table of sensors (a series is one, or some until they are merged), what coverages are measured by is read for
 * all places together: much of what a question costs is to understand it. With more, one question would keep those who wait too long.
 */
export const EVERYWHERE_ROWS_MAX = 100_000;
/** From so many sensors of a question on, the database takes long to count them ... */
export const KNOWN_SENSORS_DEAR = 10_000;
/** ... and they are taken for the same for this long: what comes meanwhile is a small part of so many. */
export const KNOWN_SENSORS_AGE_MS_MAX = 120_000;
/** Time for which others that are to be counted anew in good time are gathered, to be counted in one question: a part of what is left. */
export const KNOWN_SENSORS_GATHER_MS = 250;
/**
 * The same for how many readings an open hour usually has, the median of a week of hours before it: one reading that comes late hardly
 * moves it, and the next hour is measured anew.
 */
export const CADENCE_AGE_MS_MAX = 60_000;
/** Series whose cadences are read before somebody asks, so many at a time: taking them from the answer keeps others waiting. */
export const CADENCES_AHEAD_SERIES = 2_000;
/** Rest between two readings ahead: who asks meanwhile about a place of which nothing is kept waits for its own. */
export const CADENCES_AHEAD_REST_MS = 60_000;
/** Figures of that kind which are kept, some 100 bytes each: a sensor known is two at most, a page's cadences one a row. */
export const KEPT_FIGURES_MAX = 250_000;
/** Days and months of rollups that are kept, some 300 bytes each: a year by day of 270 cities' metrics. */
export const KEPT_PERIODS_MAX = 100_000;
/** Compacted hours and days that are kept, 72 bytes each outside of the heap: two years of 110 places' metrics, 144 MB. */
export const KEPT_COMPACTED_MAX = 2_000_000;
/** Of them, those that may be read before somebody asks: the rest is for what is asked for. */
export const COMPACTED_AHEAD_MAX = 1_600_000;
/** Rows that are read ahead at a time: taking them from the database's answer keeps others waiting for some milliseconds. */
export const COMPACTED_AHEAD_ROWS = 4_000;
/** Rest between looks for months that have changed: while an hour ends, its month changes all the time. */
export const COMPACTED_AHEAD_REST_MS = 60_000;
/** Ranges of hours that are put together of whole months: what is shorter needs too little of one, what is longer fills its page before it ends. */
export const KEPT_RANGE_HOURS_MIN = 240;
export const KEPT_RANGE_HOURS_MAX = 2_232;
/** Ranges of days that are put together of whole months, three years: what is longer would be put together of too many. */
export const KEPT_RANGE_DAYS_MAX = 1_098;
/** Time for which the list of compacted days is used, whatever comes: a correction of such a day shows so much later. */
export const COMPACTED_DAYS_AGE_MS_MIN = 1_000;
/** Runs of days that were not compacted, beside what was, of one question: each is a question of its own. */
export const COMPACTED_GAPS_MAX = 4;
/** Months of one question that are kept, two years with both their ends; a longer range is read in one go, as far as its page needs it. */
export const KEPT_MONTHS_MAX = 26;
/** How long a look for rows of open hours is used; the same blocks make it hold anyway. */
export const OPEN_ROWS_AGE_MS_MAX = 5_000;
/** Looks that are kept: one for each time that a block is sealed or confirmed, of which the newest is of use. */
export const OPEN_ROWS_LOOKS_MAX = 16;
/** Rows of open hours, as the table has them, that are kept that long for those who ask the same; some 300 bytes each. */
export const OPEN_ROWS_KEPT_MAX = 100_000;
/** Seconds a browser or proxy may show an answer about open hours without asking. */
export const OPEN_ANSWER_AGE_S = 2;
/** Seconds for which an answer that names its revision may be kept: a year, the most that caches understand. */
export const REVISION_AGE_S = 31_536_000;
/** Time the database may take for one question of the API. */
export const QUERY_S_MAX = 30;
/** Bytes of memory the database may take for one question of the API. */
export const QUERY_MEMORY_BYTES_MAX = 2 * 1024 ** 3;

relation(URL_CHARS_MAX > CURSOR_CHARS_MAX && URL_CHARS_MAX < HEADER_BYTES_MAX, 'a URL must hold a cursor and fit');
relation(2 * EVERYWHERE_ROWS_MAX < KEPT_FIGURES_MAX, 'what is read ahead must not push out what was asked for');
relation(COMPACTED_AHEAD_MAX < KEPT_COMPACTED_MAX, 'what is read ahead must not push out what was asked for');
relation(API_CONNECTIONS_PER_ADDRESS_MAX < API_CONNECTIONS_MAX, 'one address must not take every connection');
relation(
  1_000 * OPEN_ANSWER_AGE_S + DEAR_FIGURES_REST_MS_MAX <= ANSWER_AGE_MS_MAX,
  'figures that are kept for moments must not be older than an answer that is',
);
relation(
  LATE_SEAL_INTERVAL_MS +
    2 * LARGE_CHECKPOINT_INTERVAL_MS +
    2 * ANSWER_AGE_MS_MAX +
    COMPACTED_DAYS_AGE_MS_MIN +
    COVERAGE_AGE_MS_MAX <
    30_000,
  'a correction must be seen within 30 s, also where an answer from before it is kept, of a month or day named before that, with sensors from before that',
);

// Registry (src/model/registry.ts).
/** Positions of one district's shape: a coast line in detail; with 17 digits each they stay below a default broker message. */
export const SHAPE_VERTICES_MAX = 10_000;
/** Bytes of one position as JSON: longitude, latitude and altitude of 24 characters each, brackets and commas. */
const POSITION_BYTES_MAX = 80;
/** Characters of a name or an owner in the registry: a line of text. */
export const REGISTRY_LABEL_CHARS_MAX = 256;
/** Characters of a unit (UCUM). */
export const UNIT_CHARS_MAX = 64;
/** Metrics of one sensor that may have a unit of their own. */
export const METRICS_PER_SENSOR_MAX = 256;
/** Entries of the registry: every API process holds all of them in memory, some 500 bytes each. */
export const REGISTRY_ENTRIES_MAX = 2_000_000;
/** Bytes of one entry as a request's body: the largest shape, written with spaces. */
export const REGISTRY_ENTRY_BYTES_MAX = 2 * 1024 * 1024;
/** Bytes of one import: 100,000 sensors of 150 bytes each. */
export const REGISTRY_IMPORT_BYTES_MAX = 16 * 1024 * 1024;
/** Rows or features of one import: written in some seconds. */
export const REGISTRY_IMPORT_ENTRIES_MAX = 100_000;
/** Problems of an import that are listed one by one; their number is always said. */
export const REGISTRY_IMPORT_PROBLEMS_MAX = 1_000;
/** Writes of an import that wait for their acknowledgement at a time. */
export const REGISTRY_WRITES_IN_FLIGHT_MAX = 256;
/** Time between two looks whether the watch on the registry still hears what is written: it may fall silent without a word. */
export const REGISTRY_CHECK_INTERVAL_MS = 10_000;

relation(
  SHAPE_VERTICES_MAX * POSITION_BYTES_MAX + 4 * REGISTRY_LABEL_CHARS_MAX < 1024 * 1024 - 16 * 1024,
  'the largest entry of the registry must fit a default broker message',
);

// GraphQL and SensorThings (src/api/graphql, src/api/sensorthings).
/** Time the database may take for one question with conditions of the caller's own making. */
export const READ_MS_MAX = 10_000;
/**
 * Rows that the database takes at a time from each part of a table for a page of some hundred hours: as many as its index
 * tells apart. Its own choice is eight times as many, most of which the page does not need.
 */
export const PAGE_BLOCK_ROWS = 8_192;
/** Pages up to so many rows are read in such blocks. */
export const PAGE_BLOCK_LIMIT = 1_000;
/** Hours of a rollup that are read at a time: of a city of 10,000 sensors they hold ten million sensors, some 300 MB. */
export const ROLLUP_SLICE_HOURS = 1_000;
/** Questions of one kind that are with the database at a time, of one API: small machines have two processors, and a question waits for some of its time. */
export const DATABASE_READS_MAX = 3;
/** The same for figures of places, which keep a processor busy: the other one is for the workers' rows. */
export const FIGURES_READS_MAX = 2;
/** The same for what nobody waits for: the other processor is for those who do. */
export const BACKGROUND_READS_MAX = 1;
/** Series that one question may be about: none has its rows before all have, so few. */
export const BLOCK_BATCH_MAX = 8;
/** Ranges that begin this many hours ago or later are read at once, many places together. */
export const ROLLUP_TOGETHER_HOURS = 48;
/** Places that one question may be about that is asked for callers of a place each. */
export const PLACES_BATCH_MAX = 16;
/** Such questions, but for their places, that callers are gathered for; a forgotten one's are gathered anew. */
export const PLACES_SHAPES_MAX = 64;
/** Rows of `district_facts` that the database takes at a time: one of a district of 500 sensors has 16 kB in memory. */
export const ROLLUP_BLOCK_ROWS = 1_024;
/** Hours that are not final yet and are filtered and sorted in the API's memory: some 20 MB. */
export const OPEN_HOURS_ROWS_MAX = 50_000;
/** Bytes of a GraphQL request. The longest query people write by hand has some thousand. */
export const GRAPHQL_REQUEST_BYTES_MAX = 64 * 1024;
/** Tokens of a GraphQL query: validation takes time in their square. GraphiQL's introspection has 350. */
export const GRAPHQL_TOKENS_MAX = 2_000;
/** Nesting of a GraphQL query. cities > nodes > districts > nodes > sensors > nodes > hours > edges > node > field is 10. */
export const GRAPHQL_DEPTH_MAX = 12;
/** Rows that a GraphQL query may ask for, counted before it runs: as many as two of the largest pages. */
export const GRAPHQL_COST_MAX = 20_000;
/** Questions to database and workers that one GraphQL request may lead to: aliases repeat a field at little cost. */
export const GRAPHQL_QUESTIONS_MAX = 50;
/** Parents whose lists are read by one question: a thousand of the longest names stay below 1 MiB. */
export const GRAPHQL_BATCH_PARENTS_MAX = 1_000;
/** Entities of one answer of SensorThings when not asked, ... */
export const SENSORTHINGS_TOP_DEFAULT = 100;
/** ... and at most; the rest is behind `@iot.nextLink`. */
export const SENSORTHINGS_TOP_MAX = 1_000;
/** Entities that `$skip` may pass over: they are read all the same. A year of hours is 8,784. */
export const SENSORTHINGS_SKIP_MAX = 100_000;
/**
 * Rows that one look for Observations may read where the order of the table is of no use: a month of 2,700 sensors. They take
 * two cores some three seconds.
 */
export const SENSORTHINGS_ROWS_READ_MAX = 2_000_000;
/** Entities that one answer may hold with everything that `$expand` adds. */
export const SENSORTHINGS_ENTITIES_MAX = 20_000;
/** Entities that `$expand` gives of one parent when not asked. */
export const SENSORTHINGS_EXPAND_TOP_DEFAULT = 20;
/** Nesting of `$expand`: ObservedProperty > Datastreams > Thing > Locations is 4. */
export const SENSORTHINGS_EXPAND_DEPTH_MAX = 4;
/** Questions to database and workers that one answer may lead to: one each entity set that `$expand` names. */
export const SENSORTHINGS_QUESTIONS_MAX = 20;
/** Characters of one expression: what fits into a URL. */
export const SENSORTHINGS_FILTER_CHARS_MAX = 8_192;
/** Words of one expression: each `or` nests the one before, here and in the database. */
export const SENSORTHINGS_FILTER_WORDS_MAX = 500;
/** Nesting of an expression: deeper is hostile, and parser and database recurse. */
export const SENSORTHINGS_FILTER_DEPTH_MAX = 32;
/** Entries of the registry that a look for locations takes at a time. */
export const CATALOGUE_SCAN_ENTRIES = 1_000;
/** Steps of a path: `Things(…)/Datastreams(…)/Observations(…)/Datastream/Thing` is 5. */
export const SENSORTHINGS_PATH_STEPS_MAX = 8;

// Compaction of rollups (src/runtime/compactor.ts).
/** Time between two looks for days to compact; a day is compacted when it was the same at two of them. */
export const COMPACTION_LOOK_MS = 15_000;
/** After a run it rests this many times as long as the run took: a fifth of one processor, while days of the past are corrected. */
export const COMPACTION_REST_FACTOR = 4;
/** Time after which a day is tried again whose rows and list of blocks did not agree: else each look would read its month. */
export const COMPACTION_RETRY_MS = 10 * 60_000;
/** Time one statement may take: a month of a city with a million sensors takes a processor some minutes. */
export const COMPACTION_STATEMENT_MS_MAX = 30 * 60_000;
/** Memory of an aggregation from which on it goes on in files. */
export const COMPACTION_SORT_BYTES = 512 * 1024 * 1024;
/** Age of a run's table after which nobody can be at work on it. */
export const COMPACTION_LEFTOVER_S = 24 * 3_600;

// Coverage (src/api/coverage.ts).
/** Hours before an hour from which a series' cadence is taken: a week has every kind of day. */
export const CADENCE_HOURS = 7 * 24;
/** Hours with readings among them from which on the cadence is taken for known: the median of fewer is chance. */
export const CADENCE_HOURS_MIN = 3;
/** Hours for which a silent sensor still counts as one that should speak: a week of repair; then it is gone. */
export const SENSOR_KNOWN_HOURS = 7 * 24;
/** Hours that `GET /weather/{city}` looks back for a metric's newest figures: older is not now. */
export const WEATHER_HOURS = 48;
/** Hours of sensors whose open figures `GET /weather/{city}` adds up: some 20 pages of memory and table. */
export const WEATHER_OPEN_ROWS_MAX = 200_000;

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
relation(LEASE_HEIR_MS_MAX < LEASE_STOP_MS, 'who leaves waits LEASE_STOP_MS for a move that is under way');
relation(LEASE_RENEW_MS * 3 <= LEASE_STOP_MS, 'one renewal may be lost');
relation(REST_MS_MIN >= LEASE_MS, 'others have taken over what a member had before it wants anything again');
relation(LEASE_CALL_MS_MAX < LEASE_STOP_MS, 'an answer must come while it still means something');
relation(LEASE_ECHO_MS_MAX > LEASE_RENEW_MS && LEASE_ECHO_MS_MAX < LEASE_MS, 'echoes come with every renewal');

relation(PROGRESS_REBUILD_MS * 2 <= PROGRESS_FAIL_MS, 'a new consumer must have time to help');
relation(
  THREAD_WINDOW_SHARE + THREAD_OUTBOX_SHARE < THREAD_RELIEF_SHARE,
  'full windows and outbox are no reason to end',
);
relation(WORKERS_MEMORY_SHARE_WITH_DATABASE + DATABASE_MEMORY_SHARE < 1, 'the broker and the system need memory, too');
relation(AUTO_BUSY_SHARE_CALM < AUTO_BUSY_SHARE_MAX, 'a pool that shrank must not want to grow again');
relation(AUTO_GROW_AFTER_MS < AUTO_SHRINK_AFTER_MS, 'a pool grows fast and shrinks slowly');

relation(SERVER_STOP_MS_MAX < EARLIER_SERVERS_MS_MAX, 'servers of a killed run must have ended when we stop waiting');
relation(SERVER_STOP_MS_MAX < DRAIN_MS_MAX, 'servers must end within the time the program has to drain');
relation(BROKER_PENDING_BYTES_MAX > IN_FLIGHT_BYTES_MAX, 'the broker must bear what a worker asks for');
relation(DISK_FREE_BYTES_MIN < DISK_LOW_BYTES, 'the warning must come before the refusal');

// Live hours (src/runtime/live-publisher.ts, src/api/live).
/** Time between two updates of a worker thread, and between two events of one (district, kind, metric, hour): what an eye can follow. */
export const LIVE_INTERVAL_MS = 1_000;
/** How often an API looks at what is to be sent: an update is on its way again after this, in the mean after half of it. */
export const LIVE_TICK_MS = 200;
/** Time between two messages of interest. */
export const LIVE_INTEREST_MS = 1_000;
/** A worker thread that has heard nobody's interest for this long stops telling: two messages may be lost. */
export const LIVE_LEASE_MS = 5_000;
/** A worker thread that has told nothing for this long is gone: it tells every second. As LEASE_MS. */
export const LIVE_SILENCE_MS_MAX = 3_000;
/** Rows of one update: 512 rows of the longest names stay below a default broker message of 1 MiB. */
export const LIVE_ROWS_PER_MESSAGE = 512;
/** Hours before this one that can still be live: with workers further behind, there are no open hours to look at. */
export const LIVE_HOURS_MAX = 24;
/** Final hours that are told of again to whoever comes back: a connection lost over the full hour misses nothing. */
export const LIVE_FINAL_HOURS = 1;
/** Open hours of a city's (district, kind, metric) kept by one API; about 1 kB each. Above, the city is refused. */
export const LIVE_KEYS_PER_CITY_MAX = 100_000;
/** Cities that one API follows at a time: each is a subscription, and a name in every message of interest. */
export const LIVE_CITIES_MAX = 256;
/** Time a city is still followed when its last client has gone: a client that lost its connection finds its place again. */
export const LIVE_LINGER_MS = 60_000;
/** Clients of one API; each costs a socket and some 10 kB. */
export const LIVE_CLIENTS_MAX = 10_000;
/** Clients from one address: a fifth of all, since a proxy's users share one. */
export const LIVE_CLIENTS_PER_ADDRESS_MAX = 2_000;
/** Bytes handed to one client at a time: the next are taken, newest first of each key, when these are on their way. */
export const LIVE_CHUNK_BYTES_MAX = 65_536;
/** Bytes of a message from a client's WebSocket: it has nothing to say. */
export const LIVE_MESSAGE_BYTES_MAX = 1_024;
/** Silence after which a client is told that the connection lives: half of what proxies usually bear. */
export const LIVE_HEARTBEAT_MS = 15_000;
/** A client that has taken nothing for this long is cut: four heartbeats. It may come back with its last event id. */
export const LIVE_STALL_MS_MAX = 60_000;
/** How long a client whose stream ended waits before it comes back (SSE `retry`). */
export const LIVE_RETRY_MS = 2_000;

relation(LIVE_LEASE_MS > 2 * LIVE_INTEREST_MS, 'two messages of interest may be lost');
relation(LIVE_SILENCE_MS_MAX > 2 * LIVE_INTERVAL_MS, 'one update may be late');
relation(LIVE_STALL_MS_MAX > 2 * LIVE_HEARTBEAT_MS, 'a client that reads takes a heartbeat in time');
