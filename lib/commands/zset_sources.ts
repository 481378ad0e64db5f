/**
 * The sorted sets, and plain sets, that ZUNION and its kin combine: a member of a plain set has the
 * score 1.
 */

import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { setAt, type SetView } from "../types/set/view.ts";
import { Zset } from "../types/zset/zset.ts";
import { type Context, SYNTAX_ERROR, WRONG_TYPE } from "./context.ts";

const SET_SCORE = 1;

/** Is shown a member `buf[start .. end)`; one that returns false wants to see no more. */
export type MemberVisitor = (
  buf: Uint8Array,
  start: number,
  end: number,
  score: number,
) => boolean | void;

/** One of the sets that are combined; the same object serves many commands, one after another. */
export class Source {
  /** What its scores are multiplied by. */
  weight = 1;
  /** How many members it has. */
  size = 0;
  /** After {@linkcode Source.find}: the score of the member. */
  score = 0;
  readonly #zset = new Zset();
  #set: SetView | undefined;

  /** Opens the set or sorted set in a record; NONE: an empty one. Its weight is 1. */
  open(db: Database, ref: Ref): this {
    this.weight = 1;
    this.#set = undefined;
    if (ref === NONE) {
      this.size = 0;
    } else if (db.type(ref) === "set") {
      this.#set = setAt(db, ref);
      this.size = this.#set.size;
    } else {
      this.size = this.#zset.open(db, ref).size;
    }
    return this;
  }

  /** Whether there is a member `buf[start .. end)`; sets `score`. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    if (this.size === 0) return false;
    if (this.#set !== undefined) {
      this.score = SET_SCORE;
      return this.#set.has(buf, start, end);
    }
    if (!this.#zset.find(buf, start, end)) return false;
    this.score = this.#zset.score;
    return true;
  }

  /** Shows all members, those of a sorted set in order. */
  forEach(visit: MemberVisitor): void {
    if (this.size === 0) return;
    if (this.#set !== undefined) {
      this.#set.until((bytes, start, end) => visit(bytes, start, end, SET_SCORE) === false);
      return;
    }
    const zset = this.#zset;
    zset.seek(0, false);
    while (zset.step()) {
      if (visit(zset.bytes, zset.start, zset.end, zset.score) === false) return;
    }
  }
}

/** The sources of a command, and the argument behind their keys. Valid until the next command. */
export interface Sources {
  readonly list: Source[];
  readonly after: number;
}

/** So many sources are kept for the next command. */
const SOURCES_KEPT_MAX = 64;
const kept: Source[] = [];
const list: Source[] = [];
/** What the lookups found, key by key. */
const refs: Ref[] = [];

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
  const first = i + 1;
  const after = first + Number(count);
  const { size } = db;
  refs.length = list.length = 0;
  for (let k = first; k < after; k++) {
    const ref = db.lookup(args, k);
    refs.push(ref);
    if (ref === NONE) continue;
    const type = db.type(ref);
    if (type !== "zset" && type !== "set") return void reply.error(WRONG_TYPE);
  }
  // A lookup may have removed an expired key, and then the refs before it are void.
  const areVoid = db.size !== size;
  for (let k = first; k < after; k++) {
    const ref = areVoid ? db.peek(args, k) : refs[k - first];
    list.push(sourceFor(list.length).open(db, ref));
  }
  return { list, after };
}

function sourceFor(k: number): Source {
  return k < SOURCES_KEPT_MAX ? kept[k] ??= new Source() : new Source();
}
