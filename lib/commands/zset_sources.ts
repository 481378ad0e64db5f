/**
 * The sorted sets, and plain sets, that ZUNION and its kin combine: a member of a plain set has the
 * score 1.
 */

import { NONE } from "../keyspace/database.ts";
import { setAt, type SetView } from "../types/set/view.ts";
import { Zset } from "../types/zset/zset.ts";
import { type Context, SYNTAX_ERROR, WRONG_TYPE } from "./context.ts";

const SET_SCORE = 1;

/** One of the sets that are combined; a key that is not there is an empty one. */
export interface Source {
  /** What its scores are multiplied by. */
  weight: number;
  readonly size: number;
  /** Score of a member; undefined: it has none. */
  find(buf: Uint8Array, start: number, end: number): number | undefined;
  /** Visits all members; a visitor that returns false wants to see no more. */
  forEach(visit: MemberVisitor): void;
}

/** Is shown a member `buf[start .. end)`. */
export type MemberVisitor = (
  buf: Uint8Array,
  start: number,
  end: number,
  score: number,
) => boolean | void;

const EMPTY_SIZE = 0;

function emptySource(): Source {
  return { weight: 1, size: EMPTY_SIZE, find: () => undefined, forEach() {} };
}

function zsetSource(zset: Zset): Source {
  return {
    weight: 1,
    size: zset.size,
    find: (buf, start, end) => zset.find(buf, start, end) ? zset.score : undefined,
    forEach(visit) {
      zset.seek(0, false);
      while (zset.step()) {
        if (visit(zset.bytes, zset.start, zset.end, zset.score) === false) return;
      }
    },
  };
}

function setSource(set: SetView): Source {
  return {
    weight: 1,
    size: set.size,
    find: (buf, start, end) => set.has(buf, start, end) ? SET_SCORE : undefined,
    forEach: (visit) =>
      set.until((bytes, start, end) => visit(bytes, start, end, SET_SCORE) === false),
  };
}

/** The sources of a command, and the argument behind their keys. */
export interface Sources {
  readonly list: Source[];
  readonly after: number;
}

/**
 * Reads `numkeys key [key ...]` from argument `i` on and looks the keys up. Undefined: they make no
 * sense, or one is of another type; an error has been answered.
 */
export function readSources(ctx: Context, i: number): Sources | undefined {
  const { args, command, db, reply } = ctx;
  const count = ctx.integer(i);
  if (count === undefined) return undefined;
  if (count < 1) {
    return void reply.error(`ERR at least 1 input key is needed for '${command.fullName}' command`);
  }
  if (count > args.count - i - 1) return void reply.error(SYNTAX_ERROR);
  const after = i + 1 + Number(count);
  for (let k = i + 1; k < after; k++) {
    const ref = db.lookup(args, k);
    if (ref === NONE) continue;
    const type = db.type(ref);
    if (type !== "zset" && type !== "set") return void reply.error(WRONG_TYPE);
  }
  // Looked up again: a lookup may have removed an expired key, and then the refs before it are void.
  const list: Source[] = [];
  for (let k = i + 1; k < after; k++) {
    const ref = db.peek(args, k);
    if (ref === NONE) list.push(emptySource());
    else if (db.type(ref) === "set") list.push(setSource(setAt(db, ref)));
    else list.push(zsetSource(new Zset().open(db, ref)));
  }
  return { list, after };
}
