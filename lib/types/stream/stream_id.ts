/**
 * Stream IDs: `<milliseconds>-<sequence>`, two unsigned 64-bit integers, ordered by the first and
 * then by the second. An ID is never changed once made; what moves on is replaced.
 */

import { Buffer } from "node:buffer";
import { writeInt64 } from "../../numbers/int64.ts";
import { addUint64, parseUint64, type Uint64, UINT64_MAX } from "./uint64.ts";

/** An ID. */
export interface StreamId {
  readonly ms: Uint64;
  readonly seq: Uint64;
}

/** The smallest ID, which no entry has. */
export const ID_MIN: StreamId = { ms: 0, seq: 0 };
/** The largest ID. */
export const ID_MAX: StreamId = { ms: UINT64_MAX, seq: UINT64_MAX };
/** Bytes of the longest ID as text. */
export const ID_TEXT_BYTES_MAX = 41;

/** Texts longer than this are no IDs (Redis copies them to a buffer of 128 bytes). */
const TEXT_BYTES_MAX = 127;
const STAR = 0x2a;
const PLUS = 0x2b;
const MINUS = 0x2d;

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
export function compareIds(a: StreamId, b: StreamId): number {
  if (a.ms !== b.ms) return a.ms < b.ms ? -1 : 1;
  return a.seq === b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

/** Whether the ID is 0-0. */
export function isZeroId(id: StreamId): boolean {
  return id.ms === 0 && id.seq === 0;
}

/** The ID after this one; undefined: it was the last. */
export function nextId(id: StreamId): StreamId | undefined {
  if (id.seq !== UINT64_MAX) return { ms: id.ms, seq: addUint64(id.seq, 1) };
  return id.ms === UINT64_MAX ? undefined : { ms: addUint64(id.ms, 1), seq: 0 };
}

/** The ID before this one; undefined: it was the first. */
export function previousId(id: StreamId): StreamId | undefined {
  if (id.seq !== 0) return { ms: id.ms, seq: addUint64(id.seq, -1) };
  return id.ms === 0 ? undefined : { ms: addUint64(id.ms, -1), seq: UINT64_MAX };
}

/** The ID as text. */
export function idText(id: StreamId): string {
  return `${id.ms}-${id.seq}`;
}

/** Writes the ID as text at `at`; returns the offset behind it. */
export function writeId(buf: Buffer, at: number, ms: Uint64, seq: Uint64): number {
  const dash = writeInt64(buf, at, ms);
  buf[dash] = MINUS;
  return writeInt64(buf, dash + 1, seq);
}

/** How an ID may be written. */
export interface IdForm {
  /** The sequence where only milliseconds are given. */
  readonly missingSeq: Uint64;
  /** Whether `-` and `+` stand for the smallest and the largest ID. */
  readonly edges: boolean;
}

/** An ID in full, or milliseconds alone for their first sequence number. */
export const EXACT: IdForm = { missingSeq: 0, edges: false };
/** The start of a range. */
export const RANGE_START: IdForm = { missingSeq: 0, edges: true };
/** The end of a range. */
export const RANGE_END: IdForm = { missingSeq: UINT64_MAX, edges: true };
/** The end of a range that is left out: edges have no neighbour there. */
export const EXCLUDED_END: IdForm = { missingSeq: UINT64_MAX, edges: false };

/** Where a C string in `buf[start .. end)` ends: at its first zero byte. */
function textEnd(buf: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (buf[at] === 0) return at;
  return end;
}

/** Reads the ID in `buf[start .. end)`; undefined: it is none. */
export function parseId(
  buf: Uint8Array,
  start: number,
  end: number,
  form: IdForm,
): StreamId | undefined {
  if (end - start > TEXT_BYTES_MAX) return undefined;
  const to = textEnd(buf, start, end);
  if (to - start === 1 && (buf[start] === MINUS || buf[start] === PLUS)) {
    if (!form.edges) return undefined;
    return buf[start] === MINUS ? ID_MIN : ID_MAX;
  }
  let dash = start;
  while (dash < to && buf[dash] !== MINUS) dash++;
  const ms = parseUint64(buf, start, dash);
  if (ms === undefined) return undefined;
  const seq = dash === to ? form.missingSeq : parseUint64(buf, dash + 1, to);
  return seq === undefined ? undefined : { ms, seq };
}

/** Reads `<ms>-*`, the ID whose sequence is to be found: its milliseconds; undefined: it is none. */
export function parseOpenId(buf: Uint8Array, start: number, end: number): Uint64 | undefined {
  if (end - start > TEXT_BYTES_MAX) return undefined;
  const to = textEnd(buf, start, end);
  const dash = to - 2;
  if (dash < start || buf[dash] !== MINUS || buf[dash + 1] !== STAR) return undefined;
  for (let at = start; at < dash; at++) if (buf[at] === MINUS) return undefined;
  return parseUint64(buf, start, dash);
}

/** Reads an ID from text. */
export function idOf(text: string): StreamId {
  const bytes = Buffer.from(text, "latin1");
  const id = parseId(bytes, 0, bytes.length, EXACT);
  if (id === undefined) throw new RangeError(`no stream ID: ${text}`);
  return id;
}
