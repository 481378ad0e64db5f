/** Stores a value that was read from RDB, kept as the configuration asks for. */

import type { Database, Ref } from "../../keyspace/database.ts";
import { stringEncoding } from "../../keyspace/value.ts";
import type { Args } from "../../resp/args.ts";
import { type HashEntry, storeHash } from "../hash/build.ts";
import { ListBuilder } from "../list/build.ts";
import { storeSet } from "../set/build.ts";
import { storeStream } from "../stream/build.ts";
import { storeZset } from "../zset/build.ts";
import { MemberList } from "../zset/member_list.ts";
import type { RdbValue } from "./decode.ts";
import type { Elements } from "./elements.ts";
import type { EncodingLimits } from "./limits.ts";

/**
 * Stores a value under argument `i`, whatever was there: `ref` is what the last lookup of that key
 * returned, with no other since. The caller reports the change.
 */
export function storeValue(
  db: Database,
  ref: Ref,
  args: Args,
  i: number,
  value: RdbValue,
  limits: EncodingLimits,
): void {
  switch (value.type) {
    case "string": {
      const { bytes, start, end } = value;
      db.store(ref, args, i, stringEncoding(bytes, start, end), bytes, start, end);
      return;
    }
    case "list": {
      const list = new ListBuilder(limits.listNodeSize);
      forEach(value.elements, (bytes, start, end) => list.push(bytes, start, end));
      list.store(db, ref, args, i);
      return;
    }
    case "set":
      storeSet(
        db,
        ref,
        args,
        i,
        limits.setIntegers_max,
        (add) => forEach(value.elements, (bytes, start, end) => void add(bytes, start, end)),
      );
      return;
    case "hash":
      storeHash(db, ref, args, i, limits.hash, pairs(value.elements, value.expiries));
      return;
    case "zset": {
      const members = memberList(db, value.elements, value.scores);
      storeZset(db, ref, args, i, members, limits.zset);
      return;
    }
    case "stream":
      storeStream(db, ref, args, i, value.stream);
  }
}

function forEach(
  elements: Elements,
  visit: (bytes: Uint8Array, start: number, end: number) => void,
): void {
  for (let k = 0; k < elements.count; k++) {
    visit(elements.bytes, elements.start(k), elements.end(k));
  }
}

function* pairs(
  elements: Elements,
  expiries: readonly (number | undefined)[] | undefined,
): Generator<HashEntry> {
  for (let k = 0; k < elements.count; k += 2) {
    yield {
      field: elements.bytes.subarray(elements.start(k), elements.end(k)),
      value: elements.bytes.subarray(elements.start(k + 1), elements.end(k + 1)),
      expiry_ms: expiries?.[k / 2],
    };
  }
}

/** The members in order. Redis writes large sets from the greatest down: then they come reversed. */
function memberList(db: Database, elements: Elements, scores: readonly number[]): MemberList {
  const members = new MemberList(db.keyspace.seed);
  const { count, bytes } = elements;
  const reversed = scores[0] > scores[count - 1];
  for (let n = 0; n < count; n++) {
    const k = reversed ? count - 1 - n : n;
    members.add(bytes, elements.start(k), elements.end(k), scores[k]);
  }
  members.sort();
  return members;
}
