/**
 * Keyspace notifications: what happens to keys, published as `notify-keyspace-events` asks.
 *
 *     K   __keyspace@0__:mykey   set        to who cares for a key
 *     E   __keyevent@0__:set     mykey      to who cares for an event
 *
 * Promises: both in this order, in the order in which things happen, before the reply of the command
 * that did them; nothing is published while the log is loaded.
 */

import { Buffer } from "node:buffer";
import { NotifyFlag } from "../config/notify_flags.ts";
import type { NumberedDatabase } from "../keyspace/shared.ts";
import type { KeyEvent } from "../keyspace/events.ts";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import type { PubSub } from "./pubsub.ts";

/** Names of channels up to this length are made in place. */
const CHANNEL_BYTES = 1024;
const WAYS = NotifyFlag.keyspace | NotifyFlag.keyevent;

/** Publishes key events. */
export class Notifications {
  /** Which of the two ways are asked for. */
  #ways = 0;
  readonly #pubsub: PubSub;
  /** Names of events, and below beginnings of channels, as bytes: publishing makes no text. */
  readonly #eventNames = new Map<string, Buffer>();
  readonly #prefixes: Readonly<Record<"keyspace" | "keyevent", Buffer[]>> = {
    keyspace: [],
    keyevent: [],
  };
  readonly #channel = newBytes(CHANNEL_BYTES);

  /** @param pubsub where events are published. */
  constructor(pubsub: PubSub) {
    this.#pubsub = pubsub;
  }

  /** Obeys `notify-keyspace-events`; returns the classes of events that are wanted. */
  obey(flags: number): number {
    this.#ways = flags & WAYS;
    return this.#ways === 0 ? 0 : flags & ~WAYS;
  }

  /** Publishes an event, which somebody has asked for, of a key. */
  publish(db: NumberedDatabase, event: KeyEvent, key: Uint8Array): void {
    if (this.#pubsub.isIdle || db.keyspace.loading) return;
    const name = this.#eventName(event);
    if ((this.#ways & NotifyFlag.keyspace) !== 0) this.#send("keyspace", db, key, name);
    if ((this.#ways & NotifyFlag.keyevent) !== 0) this.#send("keyevent", db, name, key);
  }

  #send(
    way: "keyspace" | "keyevent",
    db: NumberedDatabase,
    topic: Uint8Array,
    message: Uint8Array,
  ): void {
    const prefix = this.#prefix(way, db.index);
    const length = prefix.length + topic.length;
    const channel = length <= CHANNEL_BYTES ? this.#channel : newBytes(length);
    copyBytes(prefix, 0, prefix.length, channel, 0);
    copyBytes(topic, 0, topic.length, channel, prefix.length);
    this.#pubsub.publish("channel", channel, 0, length, message, 0, message.length);
  }

  #eventName(event: KeyEvent): Buffer {
    let known = this.#eventNames.get(event.name);
    if (known === undefined) {
      this.#eventNames.set(event.name, known = Buffer.from(event.name, "latin1"));
    }
    return known;
  }

  #prefix(way: "keyspace" | "keyevent", index: number): Buffer {
    return this.#prefixes[way][index] ??= Buffer.from(`__${way}@${index}__:`, "latin1");
  }
}
