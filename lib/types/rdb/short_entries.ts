/**
 * Listpacks (see `listpack_reader.ts`) of short texts and integers of up to 32 bits, as those of small
 * collections are, taken in one pass: of loading many of them, reading entry by entry is a fifth.
 *
 * Promise: a listpack that is not well-formed, or has other entries, is left alone; the reader of
 * entries then takes it, and tells what is wrong.
 */

import { copyBytes } from "../../memory/bytes.ts";
import { parseDouble } from "../../numbers/double.ts";
import { writeInt } from "../../numbers/int64.ts";
import type { Elements } from "./elements.ts";
import type { Scores } from "./scores.ts";
import { int16At, int32At, uint32At } from "./words.ts";

const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;
/** An entry takes at least two bytes, and no text that it stands for more than twice as many. */
const ENTRY_BYTES_MIN = 2;
const EXPANSION_MAX = 3;
/** Others are not worth the room that is taken in advance. */
const LISTPACK_BYTES_MAX = 1 << 13;
const INT_13 = 0xc0;
const TEXT_12 = 0xe0;
const INT_16 = 0xf1;
const INT_32 = 0xf3;

/**
 * Adds the entries of the listpack `buf[start .. end)`; with `scores`, every second one to these.
 *
 * @returns false: the listpack is not like that. No element was added, but maybe scores.
 */
export function takeShortEntries(
  elements: Elements,
  buf: Uint8Array,
  start: number,
  end: number,
  scores?: Scores,
): boolean {
  if (!hasFrame(buf, start, end)) return false;
  elements.reserve(EXPANSION_MAX * (end - start), (end - start) / ENTRY_BYTES_MIN);
  const { bytes, starts, ends } = elements;
  const last = end - 1;
  let { count, length: to, longest } = elements;
  let isScore = false;
  let seen = 0;
  let at = start + HEADER_BYTES;
  for (; at < last; seen++) {
    const first = buf[at];
    const before = at;
    const isText = first >= 0x80 && first < INT_13;
    at += isText ? 1 + first - 0x80 : integerSize(first);
    // The size of an entry stands behind it; so the end mark, which is none, cuts nothing off.
    if (at > last || at === before || buf[at] !== at - before) return false;
    if (isScore) {
      const score = isText ? parseDouble(buf, before + 1, at) : integerAt(buf, before, at - before);
      if (score === undefined) return false;
      scores!.push(score);
    } else {
      const from = to + 1;
      if (isText) copyBytes(buf, before + 1, at, bytes, from);
      to = isText
        ? from + at - before - 1
        : writeInt(bytes, from, integerAt(buf, before, at - before));
      bytes[from - 1] = to - from;
      if (to - from > longest) longest = to - from;
      starts[count] = from;
      ends[count++] = to;
    }
    isScore = scores !== undefined && !isScore;
    at++;
  }
  const announced = buf[start + 4] | (buf[start + 5] << 8);
  if (at !== last || isScore || (announced !== seen && announced !== COUNT_UNKNOWN)) return false;
  elements.taken(count, to, longest);
  return true;
}

function hasFrame(buf: Uint8Array, start: number, end: number): boolean {
  const size = end - start;
  return size > HEADER_BYTES && size <= LISTPACK_BYTES_MAX && uint32At(buf, start) === size &&
    buf[end - 1] === END;
}

/** Bytes of an integer whose entry begins with `first`, without the size behind it; 0: it is none. */
function integerSize(first: number): number {
  if (first < 0x80) return 1;
  if (first < TEXT_12) return 2;
  return first >= INT_16 && first <= INT_32 ? first - INT_16 + 3 : 0;
}

/** The integer whose entry, of `size` bytes, begins at `at`. */
function integerAt(buf: Uint8Array, at: number, size: number): number {
  switch (size) {
    case 1:
      return buf[at];
    case 2:
      return ((((buf[at] & 0x1f) << 8) | buf[at + 1]) << 19) >> 19;
    case 3:
      return int16At(buf, at + 1);
    case 4:
      return int32At(buf, at) >> 8; // the three upper bytes
    default:
      return int32At(buf, at + 1);
  }
}
