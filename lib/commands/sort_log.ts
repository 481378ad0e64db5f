/**
 * What SORT ... STORE writes to the log. As it came, where that makes the same list on every server;
 * else the list itself: Redis leaves it to chance how elements with equal texts as weights are
 * ordered, and a field of a hash may have expired by the time of the replay.
 */

import type { Part } from "../resp/encoder.ts";
import type { Context } from "./context.ts";
import type { SortOptions } from "./sort_options.ts";

/** Most elements in one RPUSH of the log. */
const ELEMENTS_MAX = 1024;

/** Whether the command as it came makes the same list wherever it is replayed. */
export function replaysAlike({ alpha, by, gets }: SortOptions): boolean {
  if (by !== undefined && (alpha || by.field >= 0)) return false;
  return gets.every(({ field }) => field < 0);
}

/** Logs a list as DEL and RPUSHes, or nothing where the command itself is logged. */
export class ListLog {
  readonly #ctx: Context;
  readonly #storeAt: number;
  readonly #active: boolean;
  #elements: Part[] = [];

  /** @param storeAt the argument that names the key. @param asItCame the command is logged. */
  constructor(ctx: Context, storeAt: number, asItCame: boolean) {
    this.#ctx = ctx;
    this.#storeAt = storeAt;
    this.#active = !asItCame && ctx.server.effects.active;
    if (this.#active) ctx.logAs("DEL", ctx.args.bytes(storeAt));
  }

  /** Adds an element. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#active) return;
    this.#elements.push(bytes.slice(start, end));
    if (this.#elements.length === ELEMENTS_MAX) this.end();
  }

  /** Logs what has been gathered. */
  end(): void {
    if (this.#elements.length === 0) return;
    this.#ctx.logAs("RPUSH", this.#ctx.args.bytes(this.#storeAt), ...this.#elements);
    this.#elements = [];
  }
}
