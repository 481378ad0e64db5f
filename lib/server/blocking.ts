/**
 * Commands that wait for a key: BLPOP, BZPOPMIN, XREAD BLOCK and the like.
 *
 *     BLPOP k 0      wait(): the waiter stands in the queue of k; the connection is suspended
 *     RPUSH k a b    Database.changed() -> KeyQueues.touched("k"): k is ready
 *     (unit done)    serve(): who waits longest for k tries first; its effect is a unit of its own
 *
 * How to use it in a handler: try to serve the client at once; if nothing is there,
 * `return ctx.server.blocking.wait(ctx, keys, timeout_ms, attempt, timedOut)`. From then on
 * `ctx.args` is a copy that stays valid until the wait ends, so `attempt` may read it. `attempt`
 * looks the key up itself, and must leave everything as it is where it returns false: the key may be
 * gone by now, or be of another type. Where it has changed something it calls `ctx.logAs` - there is no arriving
 * command to be logged. A reply that is an error serves the client, too. Where a command may not
 * wait (inside EXEC, in the log's replay) `timedOut` is called at once; what replies otherwise there
 * asks `ctx.mayWait` before.
 *
 * Promises: per key, who came first is tried first; ready keys are served in the order in which they
 * were touched, after the whole unit (a command, an EXEC, a round of expiry), and what serving
 * touches is served after that. Nobody is served while the log is loaded. A client that goes leaves
 * all its queues.
 */

import { preserveKeys } from "../commands/preserve_keys.ts";
import type { Blocking, Context } from "../commands/context.ts";
import type { CommandGroup } from "../commands/command.ts";
import type { Database } from "../keyspace/database.ts";
import type { KeyWaiters } from "../keyspace/keyspace.ts";
import type { Clock } from "../platform/clock.ts";
import { newBytes } from "../memory/bytes.ts";
import { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";
import { Deadlines, type Timed } from "./deadlines.ts";
import { KeptArgs } from "./kept_args.ts";

/** Redis's text for CLIENT UNBLOCK ... ERROR. */
const UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

/** Keys up to this length are shown in memory that is kept. */
const KEY_ROOM_BYTES = 1024;
/** Those of a command that waits no longer. */
const NO_ARGS = new Args();

/** What blocking needs of the server. */
export interface BlockingHost {
  readonly clock: Clock;
  /** Changes ever made. */
  readonly dirty: () => number;
  /** The effects of serving one client are complete. */
  readonly endUnit: () => void;
  /** A client was served, which took so long; `ctx.args` are still those of its command. */
  readonly served: (ctx: Context, elapsed_ms: number) => void;
}

/** A suspended client. */
interface Waiter extends Timed {
  readonly ctx: Context;
  readonly args: Args;
  readonly group: CommandGroup;
  readonly queues: KeyQueues;
  readonly keys: readonly string[];
  readonly attempt: (key: string, keyArgs: Args) => boolean;
  /** Lets the connection go on. */
  readonly resume: () => void;
}

/** A key that may be able to serve somebody. */
interface ReadyKey {
  readonly queues: KeyQueues;
  readonly key: string;
}

/** Who waits for which key of one database. */
class KeyQueues implements KeyWaiters {
  /** Bits of {@linkcode filterBit} of all keys waited for. */
  filter = 0;
  /** Waiters by key, in the order in which they came. */
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Keys that are in the list of ready ones. */
  readonly #ready = new Set<string>();
  readonly #db: Database;
  readonly #readyList: ReadyKey[];

  /** @param db whose keys. @param readyList where ready keys are added. */
  constructor(db: Database, readyList: ReadyKey[]) {
    this.#db = db;
    this.#readyList = readyList;
  }

  touched(key: string): void {
    if (!this.#waiters.has(key) || this.#ready.has(key)) return;
    this.#ready.add(key);
    this.#readyList.push({ queues: this, key });
  }

  touchedAll(): void {
    for (const key of this.#waiters.keys()) this.touched(key);
  }

  /** Takes a ready key out of the list: from now on it may become ready again. */
  take(key: string): Iterable<Waiter> | undefined {
    this.#ready.delete(key);
    return this.#waiters.get(key);
  }

  add(waiter: Waiter): void {
    for (const key of waiter.keys) {
      const queue = this.#waiters.get(key);
      if (queue === undefined) this.#waiters.set(key, new Set([waiter]));
      else queue.add(waiter);
      this.filter |= filterBit(key);
    }
    this.#db.waiters = this;
  }

  remove(waiter: Waiter): void {
    for (const key of waiter.keys) {
      const queue = this.#waiters.get(key);
      if (queue?.delete(waiter) && queue.size === 0) this.#waiters.delete(key);
    }
    if (this.#waiters.size > 0) return;
    this.filter = 0;
    this.#db.waiters = undefined;
  }
}

/** See {@linkcode KeyWaiters.filter}. */
function filterBit(key: string): number {
  return 1 << (key.length + (key.length > 0 ? key.charCodeAt(key.length - 1) : 0));
}

/** All clients that wait for keys. */
export class KeyBlocking implements Blocking {
  readonly #host: BlockingHost;
  readonly #queues = new Map<Database, KeyQueues>();
  readonly #waiters = new Set<Waiter>();
  readonly #ready: ReadyKey[] = [];
  readonly #kept = new KeptArgs();
  /** The key that is being served. */
  readonly #keyArgs = new Args(newBytes(KEY_ROOM_BYTES));
  readonly #deadlines: Deadlines;
  /** Whom a key is being tried for. */
  #served: Waiter | undefined;

  /** @param host the server. */
  constructor(host: BlockingHost) {
    this.#host = host;
    this.#deadlines = new Deadlines(host.clock);
  }

  get count(): number {
    return this.#waiters.size;
  }

  /** How many clients wait for a limited time only. */
  get timeoutCount(): number {
    return this.#deadlines.count;
  }

  /** Whether {@linkcode KeyBlocking.serve} has anything to do. */
  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  wait(
    ctx: Context,
    keys: readonly string[],
    timeout_ms: number,
    attempt: (key: string, keyArgs: Args) => boolean,
    timedOut: () => void,
  ): Promise<void> | undefined {
    if (!ctx.mayWait) return void timedOut();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { client } = ctx;
    const unblock = (how: "timeout" | "error") => this.#unblock(waiter, how, timedOut);
    const waiter: Waiter = {
      ctx,
      args: this.#kept.copy(ctx.args),
      group: ctx.command.group,
      queues: this.#queuesOf(ctx.db),
      keys,
      attempt,
      resume: resolve,
      deadline_ms: timeout_ms > 0 ? this.#host.clock.monotonic_ms() + timeout_ms : Infinity,
      heapAt: -1,
      heapOrder: 0,
      ring: () => unblock("timeout"),
    };
    ctx.args = waiter.args;
    waiter.queues.add(waiter);
    this.#waiters.add(waiter);
    client.unblock = unblock;
    if (timeout_ms > 0) this.#deadlines.add(waiter);
    return promise;
  }

  /** For the end of the server: no time is over any more. */
  close(): void {
    this.#deadlines.close();
  }

  /** Serves whom the unit that is now complete, or what follows from it, lets be served. */
  serve(): void {
    // Serving may touch further keys (BLMOVE): they are added behind. Each key served takes
    // elements away or ends a wait, so this comes to an end.
    for (let i = 0; i < this.#ready.length; i++) {
      const { queues, key } = this.#ready[i];
      this.#serveKey(queues.take(key), key);
    }
    this.#ready.length = 0;
  }

  #serveKey(waiters: Iterable<Waiter> | undefined, key: string): void {
    if (waiters === undefined) return;
    const keyArgs = this.#showKey(key);
    let listsFail = false;
    let sortedSetsFail = false;
    for (const waiter of waiters) {
      const { group } = waiter;
      // An element serves anybody who waits for one: where one fails the others need not try.
      if ((group === "list" && listsFail) || (group === "sorted-set" && sortedSetsFail)) continue;
      const dirtyBefore = this.#host.dirty();
      const began_ms = this.#host.clock.monotonic_ms();
      const mark = this.#begin(waiter);
      this.#served = waiter;
      const served = waiter.attempt(key, keyArgs);
      this.#served = undefined;
      this.#end(waiter, mark, dirtyBefore);
      this.#host.endUnit();
      if (served) this.#host.served(waiter.ctx, this.#host.clock.monotonic_ms() - began_ms);
      if (!this.#waiters.has(waiter)) continue; // its own event closed it: it was too slow to read
      if (served) this.#release(waiter);
      else if (group === "list") listsFail = true;
      else if (group === "sorted-set") sortedSetsFail = true;
    }
  }

  /** The key as arguments, until the next one is served. */
  #showKey(key: string): Args {
    const args = this.#keyArgs;
    if (args.buf.length > KEY_ROOM_BYTES || key.length > args.buf.length) {
      args.buf = newBytes(Math.max(key.length, KEY_ROOM_BYTES));
    }
    for (let i = 0; i < key.length; i++) args.buf[i] = key.charCodeAt(i);
    args.count = 0;
    args.push(0, key.length);
    return args;
  }

  #unblock(waiter: Waiter, how: "timeout" | "error", timedOut: () => void): void {
    const { client } = waiter.ctx;
    if (!client.closing) {
      const dirtyBefore = this.#host.dirty();
      const mark = this.#begin(waiter);
      if (how === "error") client.reply.error(UNBLOCKED);
      else timedOut();
      this.#end(waiter, mark, dirtyBefore);
    }
    this.#release(waiter);
  }

  /** A suspended client is about to be replied to. Returns where its reply begins. */
  #begin({ ctx }: Waiter): ReturnType<Reply["mark"]> {
    ctx.effectsGiven = false;
    if (ctx.db.keyspace.preserver !== undefined) preserveKeys(ctx.db, ctx.command, ctx.args);
    return ctx.client.reply.mark();
  }

  /** It has been. */
  #end({ ctx }: Waiter, mark: ReturnType<Reply["mark"]>, dirtyBefore: number): void {
    if (this.#host.dirty() !== dirtyBefore && !ctx.effectsGiven) {
      throw new Error(`'${ctx.command.fullName}' was served and does not say what is to be logged`);
    }
    if (ctx.client.replyMode !== "on") ctx.client.reply.rewind(mark);
  }

  /** Ends a wait. */
  #release(waiter: Waiter): void {
    const { ctx } = waiter;
    if (!this.#waiters.delete(waiter)) throw new Error("blocking: a waiter is released twice");
    waiter.queues.remove(waiter);
    this.#deadlines.remove(waiter);
    ctx.client.unblock = undefined;
    ctx.effectsGiven = true; // the dispatcher has nothing more to log for this command
    // Replies to earlier commands may be about to leave: this one must not leave with them before
    // the change that it tells of is safe.
    if (!ctx.client.closing) ctx.client.link?.send();
    if (waiter !== this.#served) { // else its own event closed it, and what it does is not done yet
      ctx.args = NO_ARGS;
      this.#kept.release(waiter.args);
    }
    waiter.resume();
  }

  #queuesOf(db: Database): KeyQueues {
    let queues = this.#queues.get(db);
    if (queues === undefined) this.#queues.set(db, queues = new KeyQueues(db, this.#ready));
    return queues;
  }
}
