/**
 * The objects of one table's records: the value of a record with encoding OBJECT begins with the
 * handle of its object. A handle of 0: the object **sleeps**, and what stands behind the handle is
 * what it is made of when it is needed (`types/stream/packed_stream.ts`; only streams sleep).
 */

import type { Buffer } from "node:buffer";
import { newBytes } from "../memory/bytes.ts";
import type { RecordTable, Ref } from "../memory/record_table.ts";
import { unpackStream } from "../types/stream/packed_stream.ts";
import { ObjectSlots } from "./object_slots.ts";
import { HANDLE_BYTES, OBJECT, type ValueObject, type ValueType } from "./value.ts";

/** The handle of what sleeps. */
const ASLEEP = 0;

/** See above. Each method but one takes a record with encoding OBJECT. */
export class RecordObjects extends ObjectSlots {
  readonly #table: RecordTable;
  readonly #handleBytes = newBytes(HANDLE_BYTES);

  /** @param table the table whose records they are. */
  constructor(table: RecordTable) {
    super();
    this.#table = table;
  }

  /** The handle, as a record has it, of the object that {@linkcode ObjectSlots.put} brings next. */
  reserveBytes(): Buffer {
    const handle = this.reserve();
    const bytes = this.#handleBytes;
    for (let i = 0; i < HANDLE_BYTES; i++) bytes[i] = handle >>> (8 * i);
    return bytes;
  }

  /** The object, which is woken if it sleeps. The record stays where it is. */
  of(ref: Ref): ValueObject {
    const handle = this.#handleOf(ref);
    return handle === ASLEEP ? this.#wake(ref) : this.at(handle);
  }

  /** The object; if it sleeps, one like it, and it sleeps on. */
  aside(ref: Ref): ValueObject {
    const handle = this.#handleOf(ref);
    return handle === ASLEEP ? this.#unpack(ref) : this.at(handle);
  }

  /** The type of the object. */
  typeOf(ref: Ref): ValueType {
    const handle = this.#handleOf(ref);
    return handle === ASLEEP ? "stream" : this.at(handle).type;
  }

  /** Takes the object out, so that it lives on elsewhere; the record is to be removed. */
  takeFrom(ref: Ref): ValueObject {
    const object = this.of(ref);
    this.take(this.#handleOf(ref));
    return object;
  }

  /** Frees the object of any record, if it has one that is still there, and its handle. */
  releaseOf(ref: Ref): void {
    if (this.#table.encoding(ref) !== OBJECT) return;
    const handle = this.#handleOf(ref);
    if (handle !== ASLEEP) this.release(handle);
  }

  #wake(ref: Ref): ValueObject {
    const table = this.#table;
    const object = this.#unpack(ref);
    table.locate(ref);
    this.reserveBytes().copy(table.bytes, table.valueStart);
    if (table.resizeValue(ref, HANDLE_BYTES) !== ref) {
      throw new Error("objects: a record has moved");
    }
    this.put(object);
    return object;
  }

  #unpack(ref: Ref): ValueObject {
    const table = this.#table;
    table.locate(ref);
    return unpackStream(table.bytes, table.valueStart, table.valueEnd);
  }

  #handleOf(ref: Ref): number {
    const table = this.#table;
    table.locate(ref);
    const { bytes, valueStart: at } = table; // by hand: readInt32LE is several times slower
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }
}
