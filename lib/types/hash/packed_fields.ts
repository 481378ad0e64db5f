/**
 * A small hash as a packed run (`memory/packed.ts`), in two forms:
 *
 *     HASH_PACKED         field value | field value | ...
 *     HASH_PACKED_TIMED   earliest | field value expiry | field value expiry | ...
 *
 * An expiry is empty or a double, ms since the epoch; `earliest` is the least of them. Promise: a
 * timed run has at least one expiry, or it is stored in the other form.
 */

import { Buffer } from "node:buffer";
import { equalBytes, newBytes } from "../../memory/bytes.ts";
import { packedCount, PackedEditor } from "../../memory/packed.ts";

/** Bytes of a timed run before its first field: an entry of one double. */
export const EARLIEST_BYTES = 9;
const DOUBLE_BYTES = 8;
const EMPTY = newBytes(0);
const double = newBytes(DOUBLE_BYTES);

/** Is shown a field: two runs of bytes, and when it expires, in ms since the epoch. */
export type FieldVisitor = (
  field: Buffer,
  fieldStart: number,
  fieldEnd: number,
  value: Buffer,
  valueStart: number,
  valueEnd: number,
  expiry_ms: number | undefined,
) => void;

/** Goes through the fields of a run, in place. One cursor serves many runs. */
export class FieldCursor {
  /** The buffer that holds the run. */
  bytes: Buffer = EMPTY;
  /** Where the pair at hand begins. */
  at = 0;
  fieldStart = 0;
  fieldEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Where the next pair begins; the expiry stands between the value and this. */
  end = 0;
  /** How many pairs have been passed, the one at hand included. */
  passed = 0;

  #to = 0;
  #timed = false;
  #start = 0;
  #next = 0;

  /** Begins before the first field of the run `bytes[from .. to)`. */
  reset(bytes: Buffer, from: number, to: number, timed: boolean): void {
    this.bytes = bytes;
    this.at = this.end = timed && from < to ? from + EARLIEST_BYTES : from;
    this.passed = 0;
    this.#to = to;
    this.#timed = timed;
  }

  /** Steps to the next pair; false: there is none. */
  next(): boolean {
    if (this.end >= this.#to) return false;
    this.at = this.end;
    this.#entry(this.at);
    this.fieldStart = this.#start;
    this.fieldEnd = this.#next;
    this.#entry(this.fieldEnd);
    this.valueStart = this.#start;
    this.valueEnd = this.#next;
    if (this.#timed) this.#entry(this.valueEnd);
    this.end = this.#next;
    this.passed++;
    if (this.end > this.#to) throw new Error(`packed hash: a pair ends at ${this.end}`);
    return true;
  }

  /** Steps on until the field is `buf[start .. end)`; false: none is. */
  seek(buf: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    while (this.next()) {
      if (
        this.fieldEnd - this.fieldStart === length &&
        equalBytes(this.bytes, this.fieldStart, buf, start, length)
      ) return true;
    }
    return false;
  }

  /** Goes before the pair that begins at offset `at`. */
  goTo(at: number): void {
    this.end = at;
  }

  /** Shows the pair at hand. */
  show(visit: FieldVisitor): void {
    const { bytes } = this;
    visit(
      bytes,
      this.fieldStart,
      this.fieldEnd,
      bytes,
      this.valueStart,
      this.valueEnd,
      this.#timed ? this.expiry : undefined,
    );
  }

  /** When the field at hand expires, in ms since the epoch; undefined: never. */
  get expiry(): number | undefined {
    // An expiry that is empty takes one byte, a missing one none.
    if (this.end - this.valueEnd <= DOUBLE_BYTES) return undefined;
    return this.bytes.readDoubleLE(this.end - DOUBLE_BYTES);
  }

  /** Reads the length at `at`: sets `#start` and `#next`. */
  #entry(at: number): void {
    const { bytes } = this;
    let byte = bytes[at++];
    let length = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[at++];
      length |= (byte & 0x7f) << shift;
    }
    this.#start = at;
    this.#next = at + length;
  }
}

/** How many fields a run has. */
export function countFields(bytes: Buffer, from: number, to: number, timed: boolean): number {
  const first = timed && from < to ? from + EARLIEST_BYTES : from;
  const count = packedCount(bytes, first, to) / (timed ? 3 : 2);
  if (!Number.isInteger(count)) throw new Error("packed hash: it ends within a pair");
  return count;
}

/** When the first field of the timed run at `from` expires. */
export function earliestExpiry(bytes: Uint8Array, from: number): number {
  const at = bytes.byteOffset + from + EARLIEST_BYTES - DOUBLE_BYTES;
  return new DataView(bytes.buffer, at, DOUBLE_BYTES).getFloat64(0, true);
}

/** Begins a timed run. {@linkcode settleTimedRun} ends it. */
export function beginTimedRun(editor: PackedEditor): void {
  editor.clear();
  editor.push(double, 0, DOUBLE_BYTES);
}

/** Puts an expiry in the place of what stands from offset `from` to `to`. */
export function writeExpiry(
  editor: PackedEditor,
  from: number,
  to: number,
  at_ms: number | undefined,
): void {
  if (at_ms !== undefined) double.writeDoubleLE(at_ms);
  editor.replace(from, to, double, 0, at_ms === undefined ? 0 : DOUBLE_BYTES);
}

/** Adds the pair at hand to another run, which is timed or not. */
export function pushPair(editor: PackedEditor, run: FieldCursor, timed: boolean): void {
  editor.push(run.bytes, run.fieldStart, run.fieldEnd);
  editor.push(run.bytes, run.valueStart, run.valueEnd);
  if (timed) writeExpiry(editor, editor.length, editor.length, run.expiry);
}

/**
 * Writes the earliest expiry into a timed run; returns it. Infinity: none expires, and the run has
 * been given the form without.
 */
export function settleTimedRun(editor: PackedEditor): number {
  const run = new FieldCursor();
  run.reset(editor.bytes, 0, editor.length, true);
  let earliest = Infinity;
  while (run.next()) earliest = Math.min(earliest, run.expiry ?? Infinity);
  if (earliest < Infinity) {
    editor.bytes.writeDoubleLE(earliest, EARLIEST_BYTES - DOUBLE_BYTES);
  } else {
    const plain = new PackedEditor();
    run.reset(editor.bytes, 0, editor.length, true);
    while (run.next()) pushPair(plain, run, false);
    editor.load(plain.bytes, 0, plain.length);
  }
  return earliest;
}

/**
 * Makes in `rest` the timed run that is left of `bytes[from .. to)` at a time; returns the fields
 * that have expired by then. The run is not settled.
 */
export function withoutExpired(
  rest: PackedEditor,
  bytes: Buffer,
  from: number,
  to: number,
  now_ms: number,
): Buffer[] {
  const expired: Buffer[] = [];
  const run = new FieldCursor();
  run.reset(bytes, from, to, true);
  beginTimedRun(rest);
  while (run.next()) {
    if ((run.expiry ?? Infinity) > now_ms) pushPair(rest, run, true);
    else expired.push(Buffer.from(bytes.subarray(run.fieldStart, run.fieldEnd)));
  }
  return expired;
}
