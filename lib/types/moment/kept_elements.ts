/**
 * Elements that were about to change, kept as they were until they are read, the first ones first.
 *
 *     [ key length | value length | expiry (NaN: none) | key | value ] ...     in blocks of 64 KiB
 *
 * Very large ones are not copied, but held (`memory/held_value.ts`).
 */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import type { KeptBytes } from "../../memory/kept_bytes.ts";
import type { HeldValue } from "../../memory/held_value.ts";
import type { RecordTable, Ref } from "../../memory/record_table.ts";

const BLOCK_BYTES = 64 * 1024;
const HEADER_BYTES = 16;
const NOTHING = newBytes(0);

/** A run of elements; those behind `read` are still to come. */
interface Block {
  readonly bytes: Buffer;
  read: number;
  length: number;
}

/** See above. */
export class KeptElements {
  /** After `next`: the element, as in `ElementWalk`. */
  bytes: Buffer = NOTHING;
  keyStart = 0;
  valueStart = 0;
  valueEnd = 0;
  expiry_ms: number | undefined;
  /** After `next`: who keeps its bytes, if it is very large; the caller ends that. */
  held: HeldValue | undefined;

  readonly #kept: KeptBytes;
  readonly #blocks: Block[] = [];
  readonly #large: { readonly held: HeldValue; readonly expiry_ms: number | undefined }[] = [];

  /** @param kept counts the bytes. */
  constructor(kept: KeptBytes) {
    this.#kept = kept;
  }

  /** Keeps a record as it is now. */
  push(table: RecordTable, ref: Ref): void {
    const expiry_ms = table.expiry(ref);
    const held = table.hold(ref, this.#kept);
    if (held !== undefined) {
      this.#large.push({ held, expiry_ms });
      return;
    }
    table.locate(ref);
    const { bytes, keyStart, valueStart, valueEnd } = table;
    const block = this.#room(HEADER_BYTES + valueEnd - keyStart);
    const at = block.length;
    block.bytes.writeUInt32LE(valueStart - keyStart, at);
    block.bytes.writeUInt32LE(valueEnd - valueStart, at + 4);
    block.bytes.writeDoubleLE(expiry_ms ?? NaN, at + 8);
    bytes.copy(block.bytes, at + HEADER_BYTES, keyStart, valueEnd);
    block.length = at + HEADER_BYTES + valueEnd - keyStart;
  }

  /** Goes to the next element, which is forgotten with the next call. False: there is none. */
  next(): boolean {
    this.held = undefined;
    const block = this.#blocks.at(0);
    if (block === undefined) return this.#nextLarge();
    if (block.read === block.length) {
      this.#drop();
      return this.next();
    }
    const { bytes, read } = block;
    this.bytes = bytes;
    this.keyStart = read + HEADER_BYTES;
    this.valueStart = this.keyStart + bytes.readUInt32LE(read);
    this.valueEnd = block.read = this.valueStart + bytes.readUInt32LE(read + 4);
    const expiry_ms = bytes.readDoubleLE(read + 8);
    this.expiry_ms = Number.isNaN(expiry_ms) ? undefined : expiry_ms;
    return true;
  }

  /** Forgets all. */
  clear(): void {
    while (this.#blocks.length > 0) this.#drop();
    while (this.#nextLarge()) this.held!.end();
  }

  #nextLarge(): boolean {
    const large = this.#large.shift();
    if (large === undefined) return false;
    const { held, expiry_ms } = large;
    this.held = held;
    this.bytes = held.bytes;
    this.keyStart = 0;
    this.valueStart = held.valueStart;
    this.valueEnd = held.valueEnd;
    this.expiry_ms = expiry_ms;
    return true;
  }

  #drop(): void {
    this.#kept.bytes -= this.#blocks.shift()!.bytes.length;
  }

  #room(size: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.bytes.length - last.length >= size) return last;
    const bytes = newBytes(Math.max(size, BLOCK_BYTES));
    this.#kept.bytes += bytes.length;
    const block = { bytes, read: 0, length: 0 };
    this.#blocks.push(block);
    return block;
  }
}
