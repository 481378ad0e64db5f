/** Making a whole set at once, as RESTORE, loading and the commands that store sets do. */

import type { Database, Ref } from "../../keyspace/database.ts";
import { copyBytes, newBytes } from "../../memory/bytes.ts";
import type { Args } from "../../resp/args.ts";
import { SET_INTEGERS } from "../../keyspace/value.ts";
import { SetEditor } from "./editor.ts";
import { INTEGERS_HEADER_BYTES } from "./integers.ts";
import type { MemberTest } from "./view.ts";

/** Runs of integers up to this size are put together in {@linkcode run}. */
const SHORT_RUN_BYTES_MAX = 4096;
const run = newBytes(SHORT_RUN_BYTES_MAX);

/**
 * Stores a set under argument `i`, in the place of whatever was there; `ref` is what the last lookup
 * of that key returned, with no other since. The caller reports the change.
 *
 *     storeSet(db, ref, args, 1, 512, (add) => { while (more()) add(buf, start, end); });
 *
 * @param integers_max most members of a set of integers (`set-max-intset-entries`).
 * @param fill calls `add` for each member, and looks nothing up; `add` returns false for a repeated
 * one. @throws if there are no members.
 */
export function storeSet(
  db: Database,
  ref: Ref,
  args: Args,
  i: number,
  integers_max: number,
  fill: (add: MemberTest) => void,
): void {
  const editor = new SetEditor();
  editor.begin(db.keyspace.seed, integers_max);
  fill((bytes, start, end) => editor.add(bytes, start, end));
  editor.store(db, ref, args, i);
}

/**
 * Stores a set of integers as {@linkcode storeSet} does: they are `bytes[from .. to)`, one at least,
 * in ascending order, each in `width` bytes (2, 4 or 8), little-endian. The caller has checked that.
 */
export function storeIntegers(
  db: Database,
  ref: Ref,
  args: Args,
  i: number,
  width: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const size = INTEGERS_HEADER_BYTES + to - from;
  const target = size <= SHORT_RUN_BYTES_MAX ? run : newBytes(size);
  target[0] = width;
  copyBytes(bytes, from, to, target, INTEGERS_HEADER_BYTES);
  db.store(ref, args, i, SET_INTEGERS, target, 0, size);
}
