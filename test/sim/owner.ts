/**
 * A process that owns some of the partitions: the real host, lease keeper and checkpoint store, on simulated servers.
 *
 * Boundary: puts it together; what is between the program and the servers can be replaced, to plant a fault.
 */
import { explain } from '../../src/model/errors.ts';
import type { Log } from '../../src/model/log.ts';
import type { CheckpointBucket } from '../../src/runtime/checkpoint-bucket.ts';
import { KvCheckpointStore } from '../../src/runtime/checkpoint-store.ts';
import { Decoder } from '../../src/runtime/decode/decoder.ts';
import { Host } from '../../src/runtime/host.ts';
import type { LeaseBucket } from '../../src/runtime/membership/lease-bucket.ts';
import { LeaseKeeper } from '../../src/runtime/membership/lease-keeper.ts';
import type { CheckpointStore, HourlySink, RejectSink } from '../../src/runtime/ports.ts';
import { InHand, Suspects } from '../../src/runtime/suspects.ts';
import { type Bucket, type Leases, type Rejected, SimSource, type Stream } from './broker.ts';
import type { Database } from './database.ts';
import type { Server } from './network.ts';
import { isPoison } from './workload.ts';
import { Life, type World } from './world.ts';

export const PARTITIONS = 3;
const INCARNATION = 7;
/** Short, so that a run has several periods. */
export const LEDGER_PERIOD_MS = 4_000;

export interface Servers {
  readonly broker: Server;
  readonly db: Server;
  readonly stream: Stream;
  readonly bucket: Bucket;
  readonly leases: Leases;
  readonly rejected: Rejected;
  readonly database: Database;
}

/** Where a planted fault stands between the program and the world. */
export interface Seams {
  bucket?(bucket: CheckpointBucket, servers: Servers, life: Life): CheckpointBucket;
  store?(store: CheckpointStore, servers: Servers, life: Life): CheckpointStore;
  sink?(sink: HourlySink, servers: Servers, life: Life): HourlySink;
  rejects?(sink: RejectSink): RejectSink;
  leases?(bucket: LeaseBucket, servers: Servers, life: Life): LeaseBucket;
}

export class Owner {
  readonly life: Life;
  readonly host: Host;
  readonly keeper: LeaseKeeper;
  #isLeaving = false;

  /** @param onFailed called when it has failed, and its supervisor has said on what. */
  constructor(
    name: string,
    world: World,
    servers: Servers,
    seams: Seams,
    { say, onFailed }: { say: (text: string) => void; onFailed: () => void },
  ) {
    this.life = new Life(name, world);
    const { life } = this;
    const { broker, db } = servers;
    const clock = life.clock();
    const connected = servers.bucket.connect(broker, life);
    const bucket = seams.bucket?.(connected, servers, life) ?? connected;
    const store = new KvCheckpointStore(bucket, clock);
    const sink = servers.database.connect(db, life);
    const rejects = servers.rejected.connect(broker, life);
    const leases = servers.leases.connect(broker, life);
    const log = logTo((text) => say(`${name}: ${text}`));
    const decoder = new Decoder();
    const suspects = new Suspects(bucket, clock, INCARNATION);
    const inHand = new InHand();
    this.host = new Host(
      {
        source: (partitions) => new SimSource(world, broker, life, servers.stream, partitions),
        history: servers.stream.history(broker, life),
        store: seams.store?.(store, servers, life) ?? store,
        sink: seams.sink?.(sink, servers, life) ?? sink,
        rejects: seams.rejects?.(rejects) ?? rejects,
        clock,
        decode: (...message) => {
          if (isPoison(message[0].view())) throw new Error('an actor fails on it');
          return decoder.decodeSpan(...message);
        },
        suspects,
        inHand,
        log,
      },
      {
        owner: name,
        incarnation: INCARNATION,
        disorderMs: 5_000,
        horizonMs: 0,
        ledgerPeriodMs: LEDGER_PERIOD_MS,
      },
    );
    this.keeper = new LeaseKeeper(
      { bucket: seams.leases?.(leases, servers, life) ?? leases, owner: this.host, clock, log },
      { member: name, run: name, partitions: PARTITIONS },
    );
    // A host that fails is a process that ends.
    const end = (error: unknown): void => {
      say(`${name} ends: ${explain(error)}`);
      void this.#end(suspects, inHand, onFailed);
    };
    this.host.failed.catch(end);
    this.keeper.failed.catch(end);
    this.host.start(() => this.keeper.isHeld);
    this.keeper.start();
  }

  async #end(suspects: Suspects, inHand: InHand, onFailed: () => void): Promise<void> {
    this.keeper.abandon();
    if (inHand.sequence > 0) await suspects.accuse(inHand.sequence);
    this.life.kill();
    onFailed();
  }

  get isAwake(): boolean {
    return !this.life.isDead && !this.life.isFrozen && !this.life.isCutOff;
  }

  /** As on SIGTERM: hands everything over and ends. */
  async leave(patienceMs: number): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    await this.keeper.leave();
    await this.host.stop(this.keeper.hasPeers() ? 0 : patienceMs);
    await this.keeper.stop();
    this.life.kill();
  }
}

function logTo(say: (text: string) => void): Log {
  return { debug: say, info: say, warn: say, error: say };
}
