/**
 * Changes a packed hash. What keeps its length is written in place; all else gathers in a scratch
 * buffer, from which the owner stores the run once.
 *
 * Promise: the run where it stands is not touched by a change that does not keep its length.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import { PackedEditor, packedEntryBytes } from "../../memory/packed.ts";
import {
  beginTimedRun,
  countFields,
  EARLIEST_BYTES,
  FieldCursor,
  pushPair,
  settleTimedRun,
  writeExpiry,
} from "./packed_fields.ts";

/** Up to where a hash stays packed: two directives. */
export interface HashLimits {
  readonly "hash-max-listpack-entries": number;
  /** Of fields and values. */
  readonly "hash-max-listpack-value": number;
}

/** Longest run (LISTPACK_MAX_SAFETY_LIMIT), whatever the directives say. */
const RUN_BYTES_MAX = 1 << 30;
/** Fewest bytes that a pair takes in a run. */
const PAIR_BYTES_MIN = 2;

/** What {@linkcode PackedHash.set} has done. */
export const Outcome = { REPLACED: 0, ADDED: 1, TOO_LARGE: 2 } as const;

/** A run under work; one object serves many. */
export class PackedHash {
  /** The run is `bytes[from .. to)`. */
  bytes: Buffer = newBytes(0);
  from = 0;
  to = 0;
  /** In which of the two forms it stands. */
  timed = false;
  /** The run stands in the scratch buffer and is to be stored. */
  unsaved = false;
  /** The pair that the last {@linkcode PackedHash.seek} found. */
  readonly cursor = new FieldCursor();

  #editor = new PackedEditor();
  #spare = new PackedEditor();

  /** Begins with a run as it stands. */
  reset(bytes: Buffer, from: number, to: number, timed: boolean): void {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.timed = timed;
    this.unsaved = false;
  }

  /** Begins with no run at all. */
  clear(): void {
    this.reset(this.#editor.bytes, 0, 0, false);
  }

  /** Whether there is no field. */
  get isEmpty(): boolean {
    return this.to - this.from <= (this.timed ? EARLIEST_BYTES : 0);
  }

  /** How many fields there are: O(their number). */
  get size(): number {
    return countFields(this.bytes, this.from, this.to, this.timed);
  }

  /** Goes to the first pair and before it. */
  rewind(): FieldCursor {
    this.cursor.reset(this.bytes, this.from, this.to, this.timed);
    return this.cursor;
  }

  /** Looks a field up; the cursor then stands on its pair. */
  seek(buf: Uint8Array, start: number, end: number): boolean {
    return this.rewind().seek(buf, start, end);
  }

  /** Sets a field, unless the hash would be too large for a run: then nothing has changed. */
  set(
    limits: HashLimits,
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    from: number,
    to: number,
    keepExpiry: boolean,
  ): number {
    const length_max = limits["hash-max-listpack-value"];
    if (end - start > length_max || to - from > length_max) return Outcome.TOO_LARGE;
    const { cursor } = this;
    if (this.seek(buf, start, end)) {
      if (this.#hasMoreThan(limits["hash-max-listpack-entries"])) return Outcome.TOO_LARGE;
      this.#replace(value, from, to, keepExpiry);
      return Outcome.REPLACED;
    }
    const size = this.to - this.from + packedEntryBytes(end - start) + packedEntryBytes(to - from);
    if (cursor.passed >= limits["hash-max-listpack-entries"] || size > RUN_BYTES_MAX) {
      return Outcome.TOO_LARGE;
    }
    this.#edit();
    const editor = this.#editor;
    editor.push(buf, start, end);
    editor.push(value, from, to);
    if (this.timed) writeExpiry(editor, editor.length, editor.length, undefined);
    this.#edited();
    return Outcome.ADDED;
  }

  /** Takes out the pair at the cursor. */
  remove(): void {
    const base = this.#edit();
    this.#editor.remove(this.cursor.at - base, this.cursor.end - base);
    this.#edited();
  }

  /** Gives the pair at the cursor an expiry, in ms since the epoch; undefined: none. */
  setExpiry(at_ms: number | undefined): void {
    const { cursor } = this;
    if (!this.timed) {
      if (at_ms === undefined) return;
      const nth = cursor.passed;
      this.#toTimed();
      this.rewind();
      while (cursor.passed < nth) cursor.next();
    }
    const base = this.#edit();
    writeExpiry(this.#editor, cursor.valueEnd - base, cursor.end - base, at_ms);
    this.#edited();
  }

  /** Makes an unsaved run ready to be stored; returns the earliest expiry, Infinity: none. */
  settle(): number {
    if (!this.timed) return Infinity;
    const earliest = settleTimedRun(this.#editor);
    this.timed = earliest < Infinity;
    this.#edited();
    return earliest;
  }

  #replace(value: Uint8Array, from: number, to: number, keepExpiry: boolean): void {
    const { cursor } = this;
    const dropsExpiry = this.timed && !keepExpiry && cursor.expiry !== undefined;
    if (to - from === cursor.valueEnd - cursor.valueStart && !dropsExpiry) {
      copyBytes(value, from, to, cursor.bytes, cursor.valueStart);
      return;
    }
    const base = this.#edit();
    const editor = this.#editor;
    if (dropsExpiry) writeExpiry(editor, cursor.valueEnd - base, cursor.end - base, undefined);
    editor.replace(cursor.fieldEnd - base, cursor.valueEnd - base, value, from, to);
    this.#edited();
  }

  /** Whether the directive has been lowered since this hash was packed. */
  #hasMoreThan(entries_max: number): boolean {
    // Short runs, the common case, are not counted.
    return this.to - this.from > entries_max * PAIR_BYTES_MIN && this.size > entries_max;
  }

  /** Takes the run into the editor; returns the offset at which it stood before. */
  #edit(): number {
    const base = this.from;
    if (!this.unsaved) {
      this.#editor.load(this.bytes, this.from, this.to);
      this.unsaved = true;
    }
    return base;
  }

  #edited(): void {
    this.bytes = this.#editor.bytes;
    this.from = 0;
    this.to = this.#editor.length;
  }

  /** Gives the run the form with expiries. */
  #toTimed(): void {
    const cursor = this.rewind();
    const timed = this.#spare;
    beginTimedRun(timed);
    while (cursor.next()) {
      pushPair(timed, cursor, false);
      writeExpiry(timed, timed.length, timed.length, undefined);
    }
    this.#spare = this.#editor;
    this.#editor = timed;
    this.timed = this.unsaved = true;
    this.#edited();
  }
}
