/**
 * One run: the real host, actor, checkpoint and outbox code in a world where everything goes wrong, and the books at
 * the end.
 *
 * Job: publishes for a while, kills, freezes and replaces owners, lets servers lose calls, crash and be restored, then
 * lets calm come and asks the oracle. Boundary: time, servers and chance are the simulation's; all else is the program.
 */
import { Bucket, Rejected, Stream } from './broker.ts';
import { Database } from './database.ts';
import { CALM, Server, type Weather } from './network.ts';
import { Oracle } from './oracle.ts';
import { Owner, type Seams, type Servers } from './owner.ts';
import { Random } from './random.ts';
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

/** Half a minute before an hour ends, so that hours close in every run. */
const START_MS = Date.UTC(2026, 10, 24, 11, 59, 30);
const TROUBLE_MS = 45_000;
const CALM_MS_MAX = 180_000;
/** Longer than any call can be under way. */
const UNDER_WAY_MS_MAX = 20_000;
const LOOK_MS = 150;
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

  constructor(seed: number, seams: Seams, trace: (line: string) => void) {
    this.#seed = seed;
    this.#seams = seams;
    this.#trace = trace;
    this.#world = new World(new Random(seed), START_MS);
    this.#servers = {
      broker: new Server(this.#world, ROUGH),
      db: new Server(this.#world, ROUGH),
      stream: new Stream(),
      bucket: new Bucket(),
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
    this.#startOwner();
    this.#publishUntil(endMs);
    this.#troubleUntil(endMs);
    this.#watch();
    await this.#world.runUntil(() => false, endMs);

    broker.weather = CALM;
    db.weather = CALM;
    const last = await this.#comeToRest();
    if (last === null) this.#problems.push('the last owner did not come to rest');
    else this.#oracle.end(last.host, this.#workload);
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
    const owner = new Owner(name, this.#world, this.#servers, this.#seams, (text) => this.#say(text));
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
    this.#oracle.time();
    for (const owner of this.#owners) if (owner.isAwake) this.#oracle.openHours(owner);
    this.#world.in(LOOK_MS, () => this.#watch());
  }

  #troubleUntil(endMs: number): void {
    const { random } = this.#world;
    this.#world.in(random.whole(200, 6_000), () => {
      if (this.#world.nowMs >= endMs) return;
      const [name, trouble] = random.pick(this.#troubles);
      const owner = random.pick(this.#owners);
      this.#say(`${name} (${owner.life.name})`);
      trouble(owner);
      this.#troubleUntil(endMs);
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
        this.#world.in(random.whole(150, 2_000), () => this.#startOwner());
      },
    ],
    ['an owner stumbles', (owner) => owner.life.freeze(this.#world.random.whole(100, 3_000))],
    ['the broker is away', () => this.#servers.broker.leave(this.#world.random.whole(100, 4_000))],
    ['the database is away', () => this.#servers.db.leave(this.#world.random.whole(100, 8_000))],
    ['the bucket is copied', () => (this.#backup ??= this.#servers.bucket.copy())],
    ['the bucket is put back as it was', () => this.#restore()],
  ];

  #replace(owner: Owner): Owner {
    owner.life.kill();
    return this.#startOwner();
  }

  /** As an operator would: everything is stopped, nothing is under way, then a copy of the past is put in place. */
  #restore(): void {
    const backup = this.#backup;
    if (backup === null) return;
    this.#backup = null;
    for (const { life } of this.#owners) life.kill();
    this.#world.in(UNDER_WAY_MS_MAX, () => {
      if (this.#owners.some(({ life }) => !life.isDead)) return;
      this.#say('the copy is in place');
      this.#servers.bucket.putBack(backup);
      this.#oracle.forgetTime();
      this.#startOwner();
    });
  }

  /** Starts a last owner and waits until it has counted and written everything; frozen ones may still wake. */
  async #comeToRest(): Promise<Owner | null> {
    const lastMs = this.#world.nowMs + CALM_MS_MAX;
    this.#say('calm');
    for (const { life } of this.#owners) if (!life.isFrozen) life.kill();
    let flushed: Owner | null = null;
    let owner = this.#startOwner();
    const look = (): void => {
      const isRobbed = owner.started && owner.host.status().length < PARTITIONS;
      // As a supervisor would: one that has ended, or lost a partition to a rival, is started again.
      if (owner.life.isDead || isRobbed) {
        owner.life.kill();
        owner = this.#startOwner();
      } else if (owner.started && owner.hasReadAll(this.#servers.stream)) {
        const done = owner;
        const rest = (): void => {
          // One that took over late, and was robbed while it wrote, has not written everything.
          if (done.hasReadAll(this.#servers.stream)) flushed = done;
          else this.#world.in(500, look);
        };
        void done.host.flush().then(rest);
        return;
      }
      this.#world.in(500, look);
    };
    this.#world.in(500, look);
    await this.#world.runUntil(() => flushed !== null, lastMs);
    await this.#world.runUntil(() => false, this.#world.nowMs + UNDER_WAY_MS_MAX);
    return flushed;
  }

  #say(text: string): void {
    this.#trace(`${((this.#world.nowMs - START_MS) / 1_000).toFixed(3).padStart(8)} s  ${text}`);
  }
}
