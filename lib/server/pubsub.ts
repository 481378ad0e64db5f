/**
 * Pub/sub: who is subscribed to which channels, shard channels and patterns, and how a message gets
 * to all of them.
 *
 *     SUBSCRIBE a        client.subscriptions.channel + "a";  channel table "a" -> client
 *     PUBLISH a hello    channel table "a" -> one message, copied to each subscriber's replies
 *                        every pattern that matches "a" -> another one
 *
 * Promises: a channel costs one lookup however many there are; a message is encoded once for all its
 * subscribers; a client that goes leaves nothing behind; subscribers get their messages in the order
 * in which they subscribed, first those of the channel, then those of each pattern.
 */

import { Buffer } from "node:buffer";
import type { Client } from "../commands/client.ts";
import { type SubscriptionKind, Subscriptions } from "../commands/client_subscriptions.ts";
import type { PubSub as PubSubHandle } from "../commands/context.ts";
import { withView } from "../memory/bytes.ts";
import { globMatchRange } from "../numbers/glob.ts";
import { CommandEncoder } from "../resp/encoder.ts";
import type { OutputLimits } from "./output_limits.ts";
import { SubscriberTable } from "./pubsub_subscribers.ts";

/** A message is an array in RESP2 and a push in RESP3; all else is the same in both. */
const ARRAY = 0x2a;
const PUSH = 0x3e;

const MESSAGE = bytesOf("message");
const SMESSAGE = bytesOf("smessage");
const PMESSAGE = bytesOf("pmessage");

/** Channels and subscribers. */
export class PubSub implements PubSubHandle {
  readonly #tables = {
    channel: new SubscriberTable(),
    pattern: new SubscriberTable(),
    shard: new SubscriberTable(),
  };
  /** The bytes of each pattern in its table. */
  readonly #patterns = new Map<string, Buffer>();
  readonly #limits: OutputLimits;
  readonly #encoder = new CommandEncoder();
  readonly #deliver = (client: Client): void => {
    const { buf, length } = this.#encoder;
    buf[0] = client.reply.resp3 ? PUSH : ARRAY;
    client.deliver(buf, 0, length);
    this.#limits.check(client);
  };

  /** @param limits close subscribers that do not read. */
  constructor(limits: OutputLimits) {
    this.#limits = limits;
  }

  /** Whether nobody is subscribed to channels or patterns. */
  get isIdle(): boolean {
    return this.#tables.channel.size === 0 && this.#patterns.size === 0;
  }

  subscribe(kind: SubscriptionKind, client: Client, name: string): boolean {
    if (client.subscriptions?.[kind].has(name)) return false;
    this.#tables[kind].add(name, client);
    if (kind === "pattern" && !this.#patterns.has(name)) {
      this.#patterns.set(name, bytesOf(name));
    }
    client.subscriptions ??= new Subscriptions();
    client.subscriptions[kind].add(name);
    return true;
  }

  unsubscribe(kind: SubscriptionKind, client: Client, name: string): void {
    const { subscriptions } = client;
    if (subscriptions === undefined || !subscriptions[kind].delete(name)) return;
    this.#remove(kind, client, name);
    if (subscriptions.count === 0) this.#leave(client);
  }

  unsubscribeAll(client: Client): void {
    const { subscriptions } = client;
    if (subscriptions === undefined) return;
    for (const kind of ["channel", "pattern", "shard"] as const) {
      for (const name of subscriptions[kind]) this.#remove(kind, client, name);
    }
    this.#leave(client);
  }

  publish(
    kind: "channel" | "shard",
    name: Buffer,
    start: number,
    end: number,
    buf: Uint8Array,
    from: number,
    to: number,
  ): number {
    const table = this.#tables[kind];
    let receivers = 0;
    if (table.size > 0) {
      const channel = name.toString("latin1", start, end);
      if (table.count(channel) > 0) {
        this.#begin(kind === "shard" ? SMESSAGE : MESSAGE, undefined);
        this.#encoder.bulk(name, start, end);
        this.#encoder.bulk(buf, from, to);
        receivers = table.forEach(channel, this.#deliver);
      }
    }
    if (kind === "shard" || this.#patterns.size === 0) return receivers;
    for (const [text, pattern] of this.#patterns) {
      if (!globMatchRange(pattern, name, start, end)) continue;
      this.#begin(PMESSAGE, pattern);
      this.#encoder.bulk(name, start, end);
      this.#encoder.bulk(buf, from, to);
      receivers += this.#tables.pattern.forEach(text, this.#deliver);
    }
    return receivers;
  }

  names(kind: SubscriptionKind): Iterable<string> {
    return this.#tables[kind].names();
  }

  size(kind: SubscriptionKind): number {
    return this.#tables[kind].size;
  }

  subscriberCount(kind: SubscriptionKind, name: string): number {
    return this.#tables[kind].count(name);
  }

  #remove(kind: SubscriptionKind, client: Client, name: string): void {
    const table = this.#tables[kind];
    table.remove(name, client);
    if (kind === "pattern" && table.count(name) === 0) this.#patterns.delete(name);
  }

  #leave(client: Client): void {
    client.subscriptions = undefined;
    this.#limits.forget(client);
  }

  /** Begins a message; channel and text follow. */
  #begin(kind: Buffer, pattern: Buffer | undefined): void {
    const encoder = this.#encoder;
    encoder.clear();
    encoder.begin(pattern === undefined ? 3 : 4);
    encoder.bulk(kind, 0, kind.length);
    if (pattern !== undefined) encoder.bulk(pattern, 0, pattern.length);
  }
}

function bytesOf(text: string): Buffer {
  return withView(Buffer.from(text, "latin1"));
}
