/**
 * What SORT ... STORE writes to the log. As it came, where that makes the same list on every server;
 * else the list itself: Redis leaves it to chance how elements with equal texts as weights are
 * ordered, and a field of a hash may have expired by the time of the replay.
 */

import { Buffer } from "node:buffer";
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
  #hasBegun = false;
  #elements: Part[] = [];

  /** @param storeAt the argument that names the key. @param asItCame the command is logged. */
  constructor(ctx: Context, storeAt: number, asItCame: boolean) {
    this.#ctx = ctx;
    this.#storeAt = storeAt;
    this.#active = !asItCame && ctx.server.effects.active;
  }

  /** Adds an element. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#active) return;
    this.#elements.push(Buffer.from(bytes.subarray(start, end)));
    if (this.#elements.length === ELEMENTS_MAX) this.#flush();
  }

  /** There has been a change: what was pushed is now the list, or the key is gone if that is none. */
  end(): void {
    if (this.#active) this.#flush();
  }

  #flush(): void {
    const key = this.#ctx.args.bytes(this.#storeAt);
    if (!this.#hasBegun) this.#ctx.logAs("DEL", key);
    this.#hasBegun = true;
    if (this.#elements.length > 0) this.#ctx.logAs("RPUSH", key, ...this.#elements);
    this.#elements = [];
  }
}
