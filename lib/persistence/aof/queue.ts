/**
 * What is to be logged, between those who change data and the one who writes.
 *
 * Producers append encoded commands during a turn; {@linkcode AofQueue.commit} at its end wakes the
 * consumer, an async generator, which hands over all that has gathered as one batch: one `write`.
 *
 *     for await (const batch of queue.batches()) write(batch.bytes);
 *
 * Promise: bytes leave in the order they came, each exactly once, and a batch never ends within a
 * unit that was appended in one go (without giving up the thread). The queue is bounded: at 65,536
 * commands or 64 MiB it says {@linkcode AofQueue.full}, and the server stops reading from clients
 * until it drains; what is appended nevertheless is kept.
 *
 * {@linkcode AofQueue.split} marks a place: no batch spans it, and the consumer sees it as a batch
 * without bytes, after everything before it and before everything behind it.
 */

import { copyBytes, newBytes } from "../../memory/bytes.ts";

/** What the generator hands over at once. */
export interface Batch {
  /** The encoded commands; valid until the next batch is asked for. None: a place was marked here. */
  readonly bytes: Uint8Array;
  /** How many commands they are. */
  readonly commands: number;
  /** {@linkcode AofQueue.position} before the first of the bytes. */
  readonly start: number;
  /** {@linkcode AofQueue.position} after the last of the bytes. */
  readonly end: number;
}

/** When a queue is full. */
export interface QueueLimits {
  /** Commands appended and not yet written. */
  readonly commands_max: number;
  /** Their bytes. */
  readonly size_bytes_max: number;
}

/** The bounds of the design: 65,536 commands or 64 MiB. */
export const DEFAULT_QUEUE_LIMITS: QueueLimits = {
  commands_max: 65_536,
  size_bytes_max: 64 * 1024 * 1024,
};

/** A buffer starts with this much room. */
const INITIAL_SIZE_BYTES = 64 * 1024;
/** A buffer that grew past this for one batch is not kept for the next. */
const KEPT_SIZE_BYTES_MAX = 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

/** The queue. One consumer at a time. */
export class AofQueue {
  readonly #limits: QueueLimits;
  /** Appended and not yet handed over: `#filling[0 .. #length)`. */
  #filling: Uint8Array = newBytes(INITIAL_SIZE_BYTES);
  #length = 0;
  #commands = 0;
  /** The last of `#length`, not copied yet: `#lazy[#lazyStart .. #lazyEnd)`. Undefined: nothing. */
  #lazy: Uint8Array | undefined;
  #lazyStart = 0;
  #lazyEnd = 0;
  /** The other buffer: in the consumer's hands as a batch, or waiting to be filled. */
  #spare: Uint8Array = newBytes(INITIAL_SIZE_BYTES);
  /** Ended by marks, and the marks; all of it comes before what is in `#filling`. */
  readonly #ended: Batch[] = [];
  #endedBytes = 0;
  #endedCommands = 0;
  /** Handed over and not yet done with. */
  #handedBytes = 0;
  #handedCommands = 0;
  #position = 0;
  #committed = false;
  #closed = false;
  #consumed = false;
  #wake: (() => void) | undefined;

  /**
   * Makes an empty queue.
   *
   * @param limits when it says it is full
   * @param position where it begins: that of the queue before it, so that who waited for a place in
   * that one does not wait for it in this one
   */
  constructor(limits: QueueLimits = DEFAULT_QUEUE_LIMITS, position = 0) {
    this.#limits = limits;
    this.#position = position;
  }

  /** Adds `bytes[start .. end)`, which are `commands` encoded commands. They are copied. */
  append(bytes: Uint8Array, start: number, end: number, commands: number): void {
    this.settle();
    this.#copy(bytes, start, end);
    this.#count(end - start, commands);
  }

  /**
   * As {@linkcode AofQueue.append}, but the bytes are only copied by {@linkcode AofQueue.settle}, or
   * when something else is added: until then they must stay as they are. Commands that follow each
   * other in one buffer, as those of a pipeline do, are then copied in one go.
   */
  appendLazily(bytes: Uint8Array, start: number, end: number, commands: number): void {
    if (this.#closed) throw new Error("append to a closed AOF queue");
    if (bytes !== this.#lazy || start !== this.#lazyEnd) {
      this.settle();
      this.#lazy = bytes;
      this.#lazyStart = start;
    }
    this.#lazyEnd = end;
    this.#count(end - start, commands);
  }

  /** Copies what was added lazily. */
  settle(): void {
    const lazy = this.#lazy;
    if (lazy === undefined) return;
    this.#lazy = undefined;
    this.#length -= this.#lazyEnd - this.#lazyStart;
    this.#copy(lazy, this.#lazyStart, this.#lazyEnd);
    this.#length += this.#lazyEnd - this.#lazyStart;
  }

  #count(size_bytes: number, commands: number): void {
    this.#length += size_bytes;
    this.#commands += commands;
    this.#position += size_bytes;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    if (this.#closed) throw new Error("append to a closed AOF queue");
    const size = end - start;
    const at = this.#length;
    if (at + size > this.#filling.length) this.#grow(at + size);
    copyBytes(bytes, start, end, this.#filling, at);
  }

  /** The end of a turn: what has gathered goes to the consumer, within a few microtasks. */
  commit(): void {
    this.settle();
    if (this.#length === 0) return;
    this.#committed = true;
    this.#wakeConsumer();
  }

  /**
   * Marks the place behind all that was appended so far, and commits what is before it. Returns its
   * {@linkcode AofQueue.position}.
   */
  split(): number {
    if (this.#closed) throw new Error("a mark in a closed AOF queue");
    if (this.#length > 0) {
      const batch = this.#gather();
      this.#filling = newBytes(INITIAL_SIZE_BYTES);
      this.#ended.push(batch);
      this.#endedBytes += batch.bytes.length;
      this.#endedCommands += batch.commands;
    }
    const position = this.#position;
    this.#ended.push({ bytes: NO_BYTES, commands: 0, start: position, end: position });
    this.#wakeConsumer();
    return position;
  }

  /** Total bytes ever appended, to this queue and those before it. */
  get position(): number {
    return this.#position;
  }

  /** Memory of the buffers, in bytes. */
  get buffer_bytes(): number {
    return this.#filling.length + this.#spare.length + this.#endedBytes;
  }

  /** Bytes appended and not yet written, those of a batch under way included. */
  get pending_bytes(): number {
    return this.#endedBytes + this.#length + this.#handedBytes;
  }

  /** Commands appended and not yet written, those of a batch under way included. */
  get pending_commands(): number {
    return this.#endedCommands + this.#commands + this.#handedCommands;
  }

  /** Whether clients that write must wait until batches have been written. */
  get full(): boolean {
    return this.pending_commands >= this.#limits.commands_max ||
      this.pending_bytes >= this.#limits.size_bytes_max;
  }

  /** No more will be appended: the generator ends after what has gathered. */
  close(): void {
    this.settle();
    this.#closed = true;
    this.#wakeConsumer();
  }

  /**
   * Hands over what has gathered, batch by batch, until {@linkcode AofQueue.close}. A batch is done
   * with, and its bytes are used again, when the next one is asked for.
   */
  async *batches(): AsyncGenerator<Batch, void, void> {
    if (this.#consumed) throw new Error("an AOF queue has one consumer");
    this.#consumed = true;
    while (true) {
      const ended = this.#ended.shift();
      if (ended !== undefined) {
        this.#endedBytes -= ended.bytes.length;
        this.#endedCommands -= ended.commands;
        this.#handedBytes = ended.bytes.length;
        this.#handedCommands = ended.commands;
        yield ended;
        this.#handedBytes = 0;
        this.#handedCommands = 0;
      } else if (this.#committed || (this.#closed && this.#length > 0)) {
        const batch = this.#hand();
        yield batch;
        this.#takeBack();
      } else if (this.#closed) {
        return;
      } else {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
  }

  #hand(): Batch {
    const batch = this.#gather();
    const handed = this.#filling;
    this.#filling = this.#spare;
    this.#spare = handed;
    this.#handedBytes = batch.bytes.length;
    this.#handedCommands = batch.commands;
    return batch;
  }

  /** What is in `#filling`, as a batch: another buffer must take its place. */
  #gather(): Batch {
    this.settle();
    const batch = {
      bytes: this.#filling.subarray(0, this.#length),
      commands: this.#commands,
      start: this.#position - this.#length,
      end: this.#position,
    };
    this.#length = 0;
    this.#commands = 0;
    this.#committed = false;
    return batch;
  }

  #takeBack(): void {
    this.#handedBytes = 0;
    this.#handedCommands = 0;
    if (this.#spare.length > KEPT_SIZE_BYTES_MAX) {
      this.#spare = newBytes(INITIAL_SIZE_BYTES);
    }
  }

  #grow(needed: number): void {
    const wider = newBytes(Math.max(needed, 2 * this.#filling.length));
    wider.set(this.#filling.subarray(0, this.#length));
    this.#filling = wider;
  }

  #wakeConsumer(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
