/**
 * One run: the real host, actor, lease, checkpoint and outbox code in a world where everything goes wrong, and the
 * books at the end.
 *
 * Job: publishes for a while, kills, freezes and replaces owners, lets servers lose calls, crash and be restored, then
 * lets calm come and asks the oracle. Boundary: time, servers and chance are the simulation's; all else is the program.
 */
import type { PartitionStatus } from '../../src/model/cluster.ts';
import { decodeManifest } from '../../src/runtime/manifest.ts';
import { Bucket, Leases, Rejected, Stream } from './broker.ts';
import { Database } from './database.ts';
import { CALM, Server, type Weather } from './network.ts';
import { Oracle } from './oracle.ts';
import { Owner, type Seams, type Servers } from './owner.ts';
import { Random } from '../../src/model/random.ts';
import { createWorkload, type Workload } from './workload.ts';
import { World } from './world.ts';
import { PARTITIONS } from './owner.ts';

export interface Outcome {
  readonly seed: number;
  /** Empty: every book balances. */
  readonly problems: string[];
  readonly messages: number;
  readonly owners: number;
  readonly events: number;
}

/** Shortly before an hour ends, so that hours close in every run. */
const START_MS = Date.UTC(2026, 10, 24, 11, 59, 40);
const TROUBLE_MS = 36_000;
const CALM_MS_MAX = 180_000;
/** Longer than any call can be under way. */
const UNDER_WAY_MS_MAX = 14_000;
const LOOK_MS = 50;
/** Every so many looks the readings that are shown are added up. */
const LOOKS_PER_SUM = 9;
const PATIENCE_MS = 5_000;
const OWNERS_MAX = 4;
/** Frozen ones wake meanwhile. */
const RIVALRY_MS = 16_000;
const PROBLEMS_MAX = 20;
const ROUGH: Weather = { requestLost: 0.02, replyLost: 0.03, late: 0.02 };

type Trouble = (owner: Owner) => void;

/** @param trace is told what happens, as it happens. */
export async function simulate(
  seed: number,
  seams: Seams = {},
  trace: (line: string) => void = () => undefined,
): Promise<Outcome> {
  return await new Run(seed, seams, trace).finish();
}

class Run {
  readonly #seed: number;
  readonly #seams: Seams;
  readonly #trace: (line: string) => void;
  readonly #world: World;
  readonly #servers: Servers;
  readonly #workload: Workload;
  readonly #oracle: Oracle;
  readonly #problems: string[] = [];
  #owners: Owner[] = [];
  #backup: Bucket | null = null;
  #isOver = false;
  #looks = 0;
  /** Everything was stopped, to put a copy of the past in place. */
  #isDown = false;
  /**
   * False in every other run: each owner has a lease bucket of its own, and believes that it is alone. All that keeps
   * the books then is the fence, which leases would hide.
   */
  readonly #isShared: boolean;

  constructor(seed: number, seams: Seams, trace: (line: string) => void) {
    this.#seed = seed;
    this.#seams = seams;
    this.#trace = trace;
    this.#isShared = seed % 2 === 0;
    this.#world = new World(new Random(seed), START_MS);
    this.#servers = {
      broker: new Server(this.#world, ROUGH),
      db: new Server(this.#world, ROUGH),
      stream: new Stream(),
      bucket: new Bucket(),
      leases: new Leases(this.#world),
      rejected: new Rejected(),
      database: new Database(),
    };
    this.#workload = createWorkload(this.#world, this.#servers.stream, PARTITIONS);
    this.#oracle = new Oracle(this.#servers, (problem) => {
      this.#say(`PROBLEM ${problem}`);
      if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem);
    });
  }

  async finish(): Promise<Outcome> {
    const { broker, db, stream } = this.#servers;
    const endMs = START_MS + TROUBLE_MS;
    for (let i = this.#world.random.whole(1, 2); i > 0; i--) this.#startOwner();
    this.#publishUntil(endMs);
    this.#troubleUntil(endMs);
    this.#watch();
    await this.#world.runUntil(() => false, endMs);

    broker.weather = CALM;
    db.weather = CALM;
    const last = await this.#comeToRest();
    if (last === null) this.#problems.push('the owners did not come to rest');
    else this.#oracle.end(last, this.#workload);
    this.#isOver = true;
    const { events } = this.#world;
    return {
      seed: this.#seed,
      problems: this.#problems,
      messages: stream.messages.length,
      owners: this.#owners.length,
      events,
    };
  }

  #startOwner(): Owner {
    const name = `owner-${String(this.#owners.length)}`;
    this.#say(`${name} starts`);
    const crowd = this.#owners.filter(({ life }) => !life.isDead);
    if (crowd.length >= OWNERS_MAX) this.#world.random.pick(crowd).life.kill();
    const servers = this.#isShared ? this.#servers : { ...this.#servers, leases: new Leases(this.#world) };
    const owner = new Owner(name, this.#world, servers, this.#seams, {
      say: (text) => this.#say(text),
      onFailed: () => {
        if (!this.#isOver && !this.#isDown) this.#startOwner();
      },
    });
    this.#owners.push(owner);
    return owner;
  }

  #publishUntil(endMs: number): void {
    const { random } = this.#world;
    this.#world.in(random.whole(1, 250), () => {
      if (this.#world.nowMs >= endMs) return;
      for (let i = random.whole(1, 4); i > 0; i--) this.#workload.publish();
      this.#publishUntil(endMs);
    });
  }

  #watch(): void {
    if (this.#isOver) return;
    const awake = this.#owners.filter(({ isAwake }) => isAwake);
    this.#looks += 1;
    if (this.#isShared) this.#oracle.rivals(awake);
    if (this.#looks % LOOKS_PER_SUM === 0) {
      this.#oracle.time();
      for (const group of this.#isShared ? [awake] : awake.map((owner) => [owner])) this.#oracle.answers(group);
    }
    this.#world.in(LOOK_MS, () => this.#watch());
  }

  #troubleUntil(endMs: number): void {
    const { random } = this.#world;
    this.#world.in(random.whole(200, 6_000), () => {
      if (this.#world.nowMs >= endMs) return;
      this.#troubleUntil(endMs);
      if (this.#isDown) return;
      const [name, trouble] = random.pick(this.#troubles);
      const alive = this.#owners.filter(({ life }) => !life.isDead);
      const owner = random.pick(alive.length > 0 ? alive : this.#owners);
      this.#say(`${name} (${owner.life.name})`);
      trouble(owner);
    });
  }

  readonly #troubles: readonly [name: string, trouble: Trouble][] = [
    ['an owner dies', (owner) => this.#replace(owner)],
    ['an owner dies', (owner) => this.#replace(owner)],
    [
      'an owner freezes and is replaced',
      (owner) => {
        owner.life.freeze(this.#world.random.whole(500, 15_000));
        this.#startOwner();
      },
    ],
    [
      'an owner dies and two think that they are next',
      (owner) => {
        this.#replace(owner);
        this.#startOwner();
      },
    ],
    [
      'an owner freezes while it takes over',
      (owner) => {
        const { random } = this.#world;
        const { life } = this.#replace(owner);
        this.#world.in(random.whole(1, 120), () => life.freeze(random.whole(1_000, 12_000)));
        this.#world.in(random.whole(150, 2_000), () => {
          if (!this.#isDown) this.#startOwner();
        });
      },
    ],
    ['an owner joins', () => void this.#startOwner()],
    ['an owner leaves', (owner) => this.#leave(owner)],
    ['an owner is replaced with notice', (owner) => (this.#startOwner(), this.#leave(owner))],
    ['an owner is cut off', ({ life }) => life.cutOff(this.#world.random.whole(500, 9_000))],
    ['an owner stumbles', (owner) => owner.life.freeze(this.#world.random.whole(100, 3_000))],
    ['the broker is away', () => this.#servers.broker.leave(this.#world.random.whole(100, 4_000))],
    ['the database is away', () => this.#servers.db.leave(this.#world.random.whole(100, 8_000))],
    ['the bucket is copied', () => this.#copy()],
    ['the bucket is put back as it was', () => this.#restore()],
  ];

  #replace(owner: Owner): Owner {
    owner.life.kill();
    return this.#startOwner();
  }

  #copy(): void {
    const { bucket } = this.#servers;
    // Put back, one without a checkpoint would stop its partition, and rightly (invariant 10).
    const manifests = [...bucket.values].filter(([key]) => key.startsWith('manifest.'));
    const committed = manifests.filter(([, { value }]) => decodeManifest(value).state !== null);
    if (committed.length === PARTITIONS) this.#backup ??= bucket.copy();
  }

  /** As an operator would: everything is stopped, nothing is under way, then a copy of the past is put in place. */
  #restore(): void {
    const backup = this.#backup;
    if (backup === null) return;
    this.#backup = null;
    for (const { life } of this.#owners) life.kill();
    this.#isDown = true;
    this.#world.in(UNDER_WAY_MS_MAX, () => {
      this.#isDown = false;
      // Time was up, and the end of the run has started one.
      if (this.#owners.some(({ life }) => !life.isDead)) return;
      this.#say('the copy is in place');
      this.#servers.bucket.putBack(backup);
      this.#oracle.forgetTime();
      this.#startOwner();
    });
  }

  #leave(owner: Owner): void {
    void owner.leave(PATIENCE_MS);
  }

  /** Waits until the owners that are left have counted and written everything; frozen ones may still wake. */
  async #comeToRest(): Promise<PartitionStatus[] | null> {
    const lastMs = this.#world.nowMs + CALM_MS_MAX;
    this.#say('calm');
    if (!this.#isShared) this.#endRivalry();
    let flushed: PartitionStatus[] | null = null;
    const look = (): void => {
      // As an operator would.
      if (this.#owners.every(({ life }) => life.isDead)) this.#startOwner();
      const statuses = this.#readAll();
      if (statuses?.every(({ openReadings, outboxBlocks }) => openReadings === 0 && outboxBlocks === 0) === true) {
        flushed = statuses;
        return;
      }
      // One that is killed or robbed meanwhile has not written everything: again, until nobody holds anything open.
      if (statuses !== null) for (const { host, isAwake } of this.#owners) if (isAwake) void host.flush();
      this.#world.in(500, look);
    };
    this.#world.in(500, look);
    await this.#world.runUntil(() => flushed !== null, lastMs);
    await this.#world.runUntil(() => false, this.#world.nowMs + UNDER_WAY_MS_MAX);
    return flushed;
  }

  /** Owners that know nothing of each other would go on taking partitions from each other: one stays. */
  #endRivalry(): void {
    this.#startOwner();
    this.#world.in(RIVALRY_MS, () => {
      const alive = this.#owners.filter(({ life }) => !life.isDead);
      for (const { life } of alive.slice(0, -1)) life.kill();
    });
  }

  /** The statuses of all partitions, where each has one owner that has read the stream to its end; else null. */
  #readAll(): PartitionStatus[] | null {
    const statuses = this.#owners.flatMap(({ host, keeper, isAwake }) =>
      isAwake && keeper.isHeld ? host.status() : [],
    );
    const length = this.#servers.stream.messages.length;
    const isAll =
      statuses.length === PARTITIONS &&
      new Set(statuses.map(({ partition }) => partition)).size === PARTITIONS &&
      statuses.every(({ position }) => position > length);
    return isAll ? statuses : null;
  }

  #say(text: string): void {
    this.#trace(`${((this.#world.nowMs - START_MS) / 1_000).toFixed(3).padStart(8)} s  ${text}`);
  }
}
