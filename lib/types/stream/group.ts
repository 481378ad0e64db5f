/**
 * Consumer groups: how far a group has read, who its consumers are, and what each of them has not
 * acknowledged yet.
 *
 * Promise: what is pending stands in two places, in the group's rows (with time, count and consumer)
 * and among the IDs of exactly that consumer; every method here keeps the two the same.
 */

import { NameTable } from "./names.ts";
import { ConsumerPending, GroupPending, type RowCursor } from "./pending.ts";
import { ID_MIN, type StreamId } from "./stream_id.ts";
import type { Uint64 } from "./uint64.ts";

/** {@linkcode ConsumerGroup.entriesRead} of a group that does not know. */
export const UNKNOWN_READ = -1;
/** What the objects of a group or consumer take, besides rows and names. */
const OVERHEAD_BYTES = 300;

/** A member of a group. */
export interface Consumer {
  /** Latin1, one character a byte. */
  readonly name: string;
  /** What it is called in the group's rows. */
  readonly handle: number;
  /** When it last tried to read or claim, in ms since the epoch. */
  seen_ms: number;
  /** IDs that it has not acknowledged. */
  readonly pending: ConsumerPending;
}

/** A consumer group of a stream. */
export class ConsumerGroup {
  /** In the order of their names. */
  readonly consumers: NameTable<Consumer> = new NameTable();
  /** Everything that is not acknowledged. */
  readonly pending: GroupPending;
  readonly #byHandle: (Consumer | undefined)[] = [];
  readonly #freeHandles: number[] = [];

  /**
   * @param name latin1. @param lastId the last entry delivered. @param entriesRead the number of that
   * entry among all ever added; {@linkcode UNKNOWN_READ}.
   */
  constructor(
    readonly name: string,
    public lastId: StreamId,
    public entriesRead: number | bigint,
    pending: GroupPending = new GroupPending(),
  ) {
    this.pending = pending;
  }

  /** Bytes of memory that it takes. */
  get usedBytes(): number {
    let sum = OVERHEAD_BYTES + this.name.length + this.pending.usedBytes;
    for (const { name, pending } of this.consumers) {
      sum += OVERHEAD_BYTES + name.length + pending.usedBytes;
    }
    return sum;
  }

  /** Adds a consumer with a new name. */
  createConsumer(name: string, seen_ms: number): Consumer {
    const handle = this.#freeHandles.pop() ?? this.#byHandle.length;
    return this.#put({ name, handle, seen_ms, pending: new ConsumerPending() });
  }

  /** Removes a consumer and what it had; returns how much that was. */
  removeConsumer(consumer: Consumer): number {
    const { pending } = consumer;
    if (pending.size > 0) {
      for (const own = pending.from(ID_MIN); own.hasRow; own.next()) this.pending.remove(own.id);
    }
    this.consumers.remove(consumer.name);
    this.#byHandle[consumer.handle] = undefined;
    this.#freeHandles.push(consumer.handle);
    return pending.size;
  }

  /** Who has the row of {@linkcode ConsumerGroup.pending} that the cursor is at. */
  owner(row: RowCursor): Consumer {
    return this.#byHandle[row.consumer]!;
  }

  /** Gives an entry to a consumer, whoever had it; it counts as delivered so often, then. */
  deliver(id: StreamId, consumer: Consumer, time_ms: number, deliveries: Uint64): void {
    const row = this.pending.from(id);
    if (row.isAtId) {
      this.assign(row, consumer);
    } else {
      this.pending.insertAt(row, id);
      row.consumer = consumer.handle;
      consumer.pending.add(id);
    }
    row.time_ms = time_ms;
    row.deliveries = deliveries;
  }

  /** Gives the entry that the cursor is at to a consumer, who may have it already. */
  assign(row: RowCursor, consumer: Consumer): void {
    if (row.consumer === consumer.handle) return;
    const { id } = row;
    this.owner(row).pending.remove(id);
    row.consumer = consumer.handle;
    consumer.pending.add(id);
  }

  /** Forgets the entry that the cursor is at, which then is at the next one. */
  forget(row: RowCursor): void {
    this.owner(row).pending.remove(row.id);
    this.pending.removeAt(row);
  }

  /** An entry is done with; returns whether it was pending. */
  acknowledge(id: StreamId): boolean {
    const row = this.pending.from(id);
    if (!row.isAtId) return false;
    this.forget(row);
    return true;
  }

  /** A copy that shares nothing with this one. */
  clone(): ConsumerGroup {
    const copy = new ConsumerGroup(this.name, this.lastId, this.entriesRead, this.pending.clone());
    for (const consumer of this.consumers) {
      copy.#put({ ...consumer, pending: consumer.pending.clone() });
    }
    for (let handle = 0; handle < copy.#byHandle.length; handle++) {
      if (copy.#byHandle[handle] === undefined) copy.#freeHandles.push(handle);
    }
    return copy;
  }

  #put(consumer: Consumer): Consumer {
    this.consumers.add(consumer.name, consumer);
    this.#byHandle[consumer.handle] = consumer;
    return consumer;
  }
}
