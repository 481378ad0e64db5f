/**
 * Finds the keys of commands that have arrived and are not decoded yet, without changing anything.
 *
 * It is for hints, so it only knows the common form: an array of at most nine arguments in canonical
 * form, all here. Anything else ends the search, and is the decoder's affair.
 */

import { FIRST, type KeysAhead, LAST, OFFSETS, SECOND } from "../memory/keys_ahead.ts";
import { SHORT_COUNT, SHORT_HEADER_BYTES, SHORT_LENGTH, shortHeader } from "./short_header.ts";

const CR = 13;
const DOLLAR = 36;
const ZERO = 48;

/** Arguments that are longer end the search. */
const LENGTH_MAX = 0xffff;

/** Adds the keys of up to `count_max` commands from `buf[at .. end)`. Returns how many commands. */
export function lookAhead(
  buf: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  keys: KeysAhead,
  count_max: number,
): number {
  let count = 0;
  for (; count < count_max && !keys.isFull; count++) {
    const next = addCommand(buf, view, at, end, keys);
    if (next < 0) break;
    at = next;
  }
  return count;
}

/** Adds the command at `at`, if it has a key. Returns where the next one begins; -1: unknown. */
function addCommand(
  buf: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  keys: KeysAhead,
): number {
  if (at + SHORT_HEADER_BYTES > end) return -1;
  const args = shortHeader(view.getInt32(at), SHORT_COUNT);
  if (args < 1) return -1;
  const { bounds } = keys;
  const place = keys.count * OFFSETS;
  at += SHORT_HEADER_BYTES;
  for (let i = 0; i < args; i++) {
    if (at + SHORT_HEADER_BYTES > end) return -1;
    let length = shortHeader(view.getInt32(at), SHORT_LENGTH);
    let start = at + SHORT_HEADER_BYTES;
    if (length < 0) {
      if (buf[at++] !== DOLLAR) return -1;
      length = 0;
      for (let byte = buf[at++]; byte !== CR; byte = buf[at++]) {
        length = length * 10 + byte - ZERO;
        if (at >= end || length < 0 || length > LENGTH_MAX) return -1;
      }
      start = at + 1;
    }
    at = start + length;
    if (at + 2 > end) return -1;
    if (i === 1) {
      bounds[place + FIRST] = start;
      bounds[place + FIRST + 1] = at;
    } else if (i === 2) {
      bounds[place + SECOND] = start;
      bounds[place + SECOND + 1] = at;
    }
    bounds[place + LAST] = start;
    bounds[place + LAST + 1] = at;
    at += 2;
  }
  if (args === 1) return at;
  if (args === 2) bounds[place + SECOND] = bounds[place + SECOND + 1] = at;
  keys.bufs[keys.count++] = buf;
  return at;
}
