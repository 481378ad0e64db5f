/**
 * What is logged of changes to consumer groups, so that it replays to the same state: who has which
 * entry since when, and how far a group has read. As Redis logs it, but that neighbours that differ
 * in nothing but their IDs share a command, and that what Redis forgets (deliveries of an entry read
 * again, consumers created on the way, the count of entries read) is logged, too.
 */

import type { ConsumerGroup } from "../types/stream/group.ts";
import { idText, type StreamId } from "../types/stream/stream_id.ts";
import type { Uint64 } from "../types/stream/uint64.ts";
import type { Context } from "./context.ts";

/** IDs that share a command at most. */
const IDS_MAX = 256;

/** Gathers what entries of a group are pending with whom, and logs it as XCLAIM. */
export class ClaimLog {
  readonly #ctx: Context;
  readonly #key: number;
  readonly #group: ConsumerGroup;
  #ids: string[] = [];
  #consumer = "";
  #time_ms = 0;
  #deliveries: Uint64 = 0;

  /** @param key the argument with the stream's key. @param group the group. */
  constructor(ctx: Context, key: number, group: ConsumerGroup) {
    this.#ctx = ctx;
    this.#key = key;
    this.#group = group;
    ctx.logNothing(); // from here on only what is said here
  }

  /** An entry is pending with this consumer; if it does not exist any more, it is not pending. */
  add(id: StreamId, consumer: string, time_ms: number, deliveries: Uint64): void {
    if (!this.#ctx.server.effects.active) return;
    const isSame = consumer === this.#consumer && time_ms === this.#time_ms &&
      deliveries === this.#deliveries && this.#ids.length < IDS_MAX;
    if (!isSame) this.flush();
    this.#consumer = consumer;
    this.#time_ms = time_ms;
    this.#deliveries = deliveries;
    this.#ids.push(idText(id));
  }

  /** Logs what was gathered, once nothing is added any more. */
  flush(): void {
    if (this.#ids.length === 0) return;
    const { args } = this.#ctx;
    this.#ctx.logAs(
      "XCLAIM",
      args.bytes(this.#key),
      this.#group.name,
      this.#consumer,
      "0",
      ...this.#ids,
      "TIME",
      this.#time_ms,
      "RETRYCOUNT",
      this.#deliveries,
      "FORCE",
      "JUSTID",
      "LASTID",
      idText(this.#group.lastId),
    );
    this.#ids = [];
  }
}

/** Logs how far a group of the stream in argument `key` has read. */
export function logPosition(ctx: Context, key: number, group: ConsumerGroup): void {
  ctx.logAs(
    "XGROUP",
    "SETID",
    ctx.args.bytes(key),
    group.name,
    idText(group.lastId),
    "ENTRIESREAD",
    group.entriesRead,
  );
}

/** Logs that a consumer was created. */
export function logConsumer(ctx: Context, key: number, group: ConsumerGroup, name: string): void {
  ctx.logAs("XGROUP", "CREATECONSUMER", ctx.args.bytes(key), group.name, name);
}
