/**
 * Calls between a process and a server, and what can go wrong with each.
 *
 * Boundary: carries any call; the server's state is the caller's. A call that was sent is carried out even where its
 * sender dies, freezes or has stopped waiting: that is what makes "no answer" different from "not done".
 */
import type { Life, World } from './world.ts';

/** The caller was told nothing: the call may have been carried out, may be, or never will be. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

export interface Weather {
  /** Shares of calls. */
  readonly requestLost: number;
  readonly replyLost: number;
  /** Carried out long after the caller stopped waiting. */
  readonly late: number;
}

export const CALM: Weather = { requestLost: 0, replyLost: 0, late: 0 };

const TRAVEL_MS_MAX = 15;
const SLOW_TRAVEL_MS_MAX = 1_500;
const SLOW_SHARE = 0.05;
const TIMEOUT_MS = 4_000;
const LATE_MS_MAX = 12_000;

export class Server {
  weather: Weather;
  readonly #world: World;
  #awayUntilMs = 0;

  constructor(world: World, weather: Weather) {
    this.#world = world;
    this.weather = weather;
  }

  get isAway(): boolean {
    return this.#awayUntilMs > this.#world.nowMs;
  }

  /** Crashes and comes back with what it had stored. */
  leave(forMs: number): void {
    this.#awayUntilMs = this.#world.nowMs + forMs;
  }

  /** @param effect what the server does, at one moment; what it throws is the answer. */
  call<T>(life: Life, effect: () => T): Promise<T> {
    const { random } = this.#world;
    return new Promise<T>((resolve, reject) => {
      if (life.isDead) return;
      const draw = random.next();
      const { requestLost, replyLost, late } = this.weather;
      const isLost = draw < requestLost || life.isCutOff;
      const isUnheard = draw < requestLost + replyLost;
      const isLate = !isUnheard && draw < requestLost + replyLost + late;
      const giveUp = (): void => life.in(TIMEOUT_MS, () => reject(new Unanswered()));
      if (isLost) {
        giveUp();
        return;
      }
      if (isLate) giveUp();
      this.#world.in(isLate ? random.whole(TIMEOUT_MS, LATE_MS_MAX) : this.#travelMs(), () => {
        if (this.isAway) {
          if (!isLate) life.in(this.#travelMs(), () => reject(new Unanswered()));
          return;
        }
        const answer = this.#carryOut(effect, resolve, reject);
        if (isLate) return;
        if (isUnheard) giveUp();
        else life.in(this.#travelMs(), answer);
      });
    });
  }

  #carryOut<T>(effect: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
    try {
      const value = effect();
      return () => resolve(value);
    } catch (error) {
      return () => reject(error);
    }
  }

  #travelMs(): number {
    const { random } = this.#world;
    return random.whole(1, random.chance(SLOW_SHARE) ? SLOW_TRAVEL_MS_MAX : TRAVEL_MS_MAX);
  }
}
