/**
 * A TCP proxy that breaks what passes through it: cuts, delays, swallows, and holds at a recognised point.
 *
 * Boundary: bytes and connections; which bytes matter, a {@link Trap} says. A request whose head the network cuts in two
 * is not recognised and passes: the next one will be.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Trap {
  /** What a request (a chunk from the client) looks like; read as latin1. */
  readonly request: RegExp;
  /** `request`: it is held before a byte of it is forwarded. `reply`: it is forwarded, and what comes back next is held. */
  readonly at: 'request' | 'reply';
  /** Only replies that look like this are held; others pass, and the trap waits on. */
  readonly reply?: RegExp;
  /** Called once for each catch; what is held stays held until it says more. */
  readonly caught: (held: Held) => void;
}

/** A connection that stands still, in both directions, at a known point. */
export interface Held {
  /** What was held back goes on its way. */
  release(): void;
  /** What was held back is thrown away, and the connection is cut on both sides. */
  lose(): void;
}

export class TcpProxy {
  readonly #target: { host: string; port: number };
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  #trap: Trap | null = null;
  #isCut = false;
  #delayMs = 0;
  #swallows = false;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param url of what is behind it; only host and port count. */
  static async to(url: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new TcpProxy({ host: hostname, port: Number(port) });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Null: nothing is held any more; what is held stays so. */
  set trap(trap: Trap | null) {
    this.#trap = trap;
  }

  get trap(): Trap | null {
    return this.#trap;
  }

  /** Every connection ends at once, and new ones are refused, until {@link mend}. */
  cut(): void {
    this.#isCut = true;
    for (const line of this.#lines) line.end();
  }

  /** Every chunk takes so much longer, each way. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Requests arrive; what comes back is thrown away, and the connections stay open. */
  swallowReplies(): void {
    this.#swallows = true;
  }

  /** From now on everything passes. Connections that have lost something are cut: what was lost stays lost. */
  mend(): void {
    this.#trap = null;
    this.#isCut = false;
    this.#delayMs = 0;
    this.#swallows = false;
    for (const line of this.#lines) if (line.hasLost) line.end();
  }

  async close(): Promise<void> {
    for (const line of this.#lines) line.end();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const line = new Line(client, connect(this.#target), {
      trap: () => this.#trap,
      delayMs: () => this.#delayMs,
      swallows: () => this.#swallows,
      ended: () => this.#lines.delete(line),
    });
    this.#lines.add(line);
  }
}

interface Faults {
  readonly trap: () => Trap | null;
  readonly delayMs: () => number;
  readonly swallows: () => boolean;
  readonly ended: () => void;
}

/** One connection: two sockets and what stands between them. */
class Line implements Held {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #faults: Faults;
  /** Chunks that are held, in order; null: nothing is. */
  #held: { to: Socket; bytes: Buffer }[] | null = null;
  /** A request that was recognised has gone out; its reply is waited for. */
  #awaited: Trap | null = null;
  readonly #toServer = new SlowLane();
  readonly #toClient = new SlowLane();
  #hasEnded = false;
  hasLost = false;

  constructor(client: Socket, server: Socket, faults: Faults) {
    this.#client = client;
    this.#server = server;
    this.#faults = faults;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (bytes) => this.#pass(from, to, bytes));
      // One that ends while something is delayed must not take the other's last bytes with it.
      from.on('end', () => this.#later(to, () => to.end()));
      from.on('error', () => undefined);
      from.on('close', () => this.#later(to, () => this.end()));
    }
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#client.destroy();
    this.#server.destroy();
    this.#faults.ended();
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const { to, bytes } of held) write(to, bytes);
  }

  lose(): void {
    this.#held = null;
    this.end();
  }

  #pass(from: Socket, to: Socket, bytes: Buffer): void {
    if (this.#held !== null) {
      this.#held.push({ to, bytes });
      return;
    }
    const trap = this.#faults.trap();
    if (from === this.#client) this.#request(trap, bytes);
    else this.#reply(bytes);
  }

  #request(trap: Trap | null, bytes: Buffer): void {
    const found = trap?.request.exec(bytes.toString('latin1')) ?? null;
    if (trap === null || found === null) {
      this.#send(this.#server, bytes);
      return;
    }
    if (trap.at === 'reply') {
      this.#awaited = trap;
      this.#send(this.#server, bytes);
      return;
    }
    if (found.index > 0) write(this.#server, bytes.subarray(0, found.index));
    this.#held = [{ to: this.#server, bytes: bytes.subarray(found.index) }];
    trap.caught(this);
  }

  #reply(bytes: Buffer): void {
    const trap = this.#awaited;
    this.#awaited = null;
    if (trap !== null && (trap.reply?.test(bytes.toString('latin1')) ?? true)) {
      this.#held = [{ to: this.#client, bytes }];
      trap.caught(this);
      return;
    }
    if (this.#faults.swallows()) {
      this.hasLost = true;
      return;
    }
    this.#send(this.#client, bytes);
  }

  #send(to: Socket, bytes: Buffer): void {
    this.#later(to, () => write(to, bytes));
  }

  #later(to: Socket, action: () => void): void {
    const lane = to === this.#server ? this.#toServer : this.#toClient;
    lane.add(action, this.#faults.delayMs());
  }
}

/** One after the other, each after its delay at the earliest. */
class SlowLane {
  readonly #waiting: (() => void)[] = [];

  add(action: () => void, delayMs: number): void {
    if (delayMs === 0 && this.#waiting.length === 0) {
      action();
      return;
    }
    this.#waiting.push(action);
    // Whichever timer comes first carries out what has waited longest.
    setTimeout(() => this.#waiting.shift()?.(), delayMs);
  }
}

function write(to: Socket, bytes: Buffer): void {
  if (to.writable) to.write(bytes);
}
