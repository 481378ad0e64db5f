/** Storing a whole sorted set at once: for RESTORE, ZUNIONSTORE, GEOSEARCHSTORE and the like. */

import type { Buffer } from "node:buffer";
import { newBytes } from "../../memory/bytes.ts";
import type { Database, Ref } from "../../keyspace/database.ts";
import { ZSET_PACKED } from "../../keyspace/value.ts";
import type { Args } from "../../resp/args.ts";
import { LargeZset } from "./large_zset.ts";
import type { MemberList } from "./member_list.ts";
import { ENTRY_OVERHEAD_BYTES_MAX, RunWriter } from "./packed_run.ts";
import type { PackedLimits } from "./zset_writer.ts";

/** Runs up to this length are written into {@linkcode room}. */
const ROOM_BYTES_MAX = 1 << 16;

/** Runs are written here, used again and again. */
let room = newBytes(1024);

function roomFor(size: number): Buffer {
  if (size <= room.length) return room;
  const larger = newBytes(size);
  if (size <= ROOM_BYTES_MAX) room = larger;
  return larger;
}

/**
 * Stores sorted members under argument `i`, whatever was there; `ref` is what the last lookup of that
 * key returned. It is packed if the limits allow. `members` is not empty, sorted, and no member comes
 * twice: an Error otherwise. Expiry goes unless `keepExpiry`.
 */
export function storeZset(
  db: Database,
  ref: Ref,
  args: Args,
  i: number,
  members: MemberList,
  limits: PackedLimits,
  keepExpiry = false,
): Ref {
  const { count, bytes } = members;
  if (count === 0) throw new Error("zset: nothing to store");
  if (count > limits.entries_max || members.longest > limits.member_bytes_max) {
    const large = new LargeZset(db.keyspace.seed);
    large.table.reserve(count, 0);
    for (let rank = 0; rank < count; rank++) {
      large.append(bytes, members.startAt(rank), members.endAt(rank), members.scoreAt(rank));
    }
    return db.storeObject(ref, args, i, large, keepExpiry);
  }
  const total = members.memberBytes + count * ENTRY_OVERHEAD_BYTES_MAX;
  const run = roomFor(total);
  const writer = new RunWriter(run);
  for (let rank = 0; rank < count; rank++) {
    writer.push(bytes, members.startAt(rank), members.endAt(rank), members.scoreAt(rank));
  }
  return db.store(ref, args, i, ZSET_PACKED, run, 0, writer.length, keepExpiry);
}
