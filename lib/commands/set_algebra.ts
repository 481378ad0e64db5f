/**
 * Several sets at once: SINTER SINTERCARD SINTERSTORE SUNION SUNIONSTORE SDIFF SDIFFSTORE.
 *
 * Promise: a missing key is an empty set; nothing has changed where the answer is an error.
 */

import { NONE } from "../keyspace/database.ts";
import { type KeyEvent, keyEvent } from "../keyspace/events.ts";
import { SET_INTEGERS } from "../keyspace/value.ts";
import type { Int64 } from "../numbers/int64.ts";
import { SetEditor } from "../types/set/editor.ts";
import { MemberIndex } from "../types/set/member_index.ts";
import { type MemberTest, type MemberVisitor, setAt, type SetView } from "../types/set/view.ts";
import { ByteList } from "./byte_list.ts";
import { type Command, command, countedKeys, keyAt, keysFrom } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { storeNothing } from "./empty_result.ts";
import { integersMax } from "./set_members.ts";

/** Sets as the keys name them; undefined: there is none. */
type Sets = readonly (SetView | undefined)[];

// One command after another uses these: making them anew costs more than combining small sets.
const result = new SetEditor();
const found = new ByteList();
/** For the first of the sets that members are looked up in. */
const indexes = Array.from({ length: 8 }, () => new MemberIndex());

const addFound: MemberVisitor = (bytes, start, end) => found.push(bytes, start, end);

/** The sets in arguments `first` to `last`, a missing key as undefined; or the error is answered. */
function setsOf(ctx: Context, first: number, last: number): Sets | undefined {
  const { args, db } = ctx;
  for (let i = first; i <= last; i++) {
    if (!ctx.check(db.lookup(args, i), "set")) return undefined;
  }
  const sets: (SetView | undefined)[] = [];
  for (let i = first; i <= last; i++) { // what had expired is gone by now: refs stay valid
    const ref = db.peek(args, i);
    sets.push(ref === NONE ? undefined : setAt(db, ref));
  }
  return sets;
}

/** Puts sets in order of size, in place; small ones are often few: by insertion. */
function sortBySize(sets: SetView[], smallestFirst: boolean): void {
  if (sets.length > 8) {
    sets.sort((a, b) => smallestFirst ? a.size - b.size : b.size - a.size);
    return;
  }
  for (let i = 1; i < sets.length; i++) {
    const moved = sets[i];
    let at = i;
    for (; at > 0 && (smallestFirst === sets[at - 1].size > moved.size); at--) {
      sets[at] = sets[at - 1];
    }
    sets[at] = moved;
  }
}

/** The sets from small to large; undefined: one of them is empty. */
function bySize(sets: Sets): SetView[] | undefined {
  const known: SetView[] = [];
  for (const set of sets) {
    if (set === undefined) return undefined;
    known.push(set);
  }
  sortBySize(known, true);
  return known;
}

/** Lends indexes to the sets from number `first` on; the first will be asked for `lookups` members. */
function lendIndexes(sets: readonly SetView[], first: number, lookups: number): void {
  let lent = 0;
  for (let i = first; i < sets.length && lent < indexes.length; i++) {
    sets[i].lend(indexes[lent++], i === first ? lookups : 0);
  }
}

/** Whether a member is in all the sets from number 1 on. */
function inOthers(
  sets: readonly SetView[],
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let i = 1; i < sets.length; i++) if (!sets[i].has(bytes, start, end)) return false;
  return true;
}

function hasIntegers(set: SetView): boolean {
  return set.encoding === SET_INTEGERS;
}

/** The same where all the sets hold integers. */
function integerInOthers(sets: readonly SetView[], value: Int64): boolean {
  for (let i = 1; i < sets.length; i++) if (!sets[i].hasInteger(value)) return false;
  return true;
}

/** Shows every member that is in all the sets. */
function intersect(all: Sets, visit: MemberVisitor): void {
  const sets = bySize(all);
  if (sets === undefined) return;
  if (sets.every(hasIntegers)) {
    sets[0].filterIntegers((value) => integerInOthers(sets, value), visit);
    return;
  }
  lendIndexes(sets, 1, sets[0].size);
  sets[0].forEach((bytes, start, end) => {
    if (inOthers(sets, bytes, start, end)) visit(bytes, start, end);
  });
}

/** How many members are in all the sets; `limit` are enough, if that is not 0. */
function countCommon(all: Sets, limit: number): number {
  const sets = bySize(all);
  if (sets === undefined) return 0;
  lendIndexes(sets, 1, limit > 0 ? limit : sets[0].size);
  let count = 0;
  const test: MemberTest = (bytes, start, end) => {
    return inOthers(sets, bytes, start, end) && ++count === limit;
  };
  if (limit > 0) sets[0].until(test);
  else sets[0].forEach(test);
  return count;
}

/** Puts the members that were {@linkcode found}, all of them different, into the {@linkcode result}. */
function takeFound(): void {
  const { bytes, count } = found;
  result.expect(count);
  for (let i = 0; i < count; i++) result.push(bytes, found.start(i), found.end(i));
  found.release();
}

/** The largest set first: what is large is copied as a whole. */
function unite(sets: Sets): void {
  let largest: SetView | undefined;
  for (const set of sets) {
    if (set !== undefined && (largest === undefined || set.size > largest.size)) largest = set;
  }
  if (largest !== undefined) result.addAll(largest);
  for (const set of sets) if (set !== undefined && set !== largest) result.addAll(set);
}

/**
 * The members of the first set that are in no other: {@linkcode found}, or else in the result. Which
 * of two ways it goes is decided as in Redis, because a member that is added and removed again can
 * change the encoding of the result.
 */
function subtract(sets: Sets): void {
  found.clear();
  const first = sets[0];
  if (first === undefined) return;
  const others: SetView[] = [];
  let total = first.size;
  for (let i = 1; i < sets.length; i++) {
    const set = sets[i];
    if (set === undefined) continue;
    others.push(set);
    total += set.size;
  }
  if (Math.floor(first.size * (others.length + 1) / 2) <= total) {
    sortBySize(others, false);
    lendIndexes(others, 0, first.size);
    first.forEach((bytes, start, end) => {
      for (const other of others) if (other.has(bytes, start, end)) return;
      found.push(bytes, start, end);
    });
    return takeFound();
  }
  result.addAll(first);
  for (const other of others) {
    if (result.size === 0) return;
    result.removeAll(other);
  }
}

/** Makes {@linkcode result} an empty set. */
function beginResult(ctx: Context): void {
  result.begin(ctx.db.keyspace.seed, integersMax(ctx));
}

/** Replies with the {@linkcode result}. */
function replyResult({ reply }: Context): void {
  const set = result.view();
  reply.set(set.size);
  set.forEach((bytes, start, end) => reply.bulk(bytes, start, end));
  result.reset();
}

/** Replies with the members that are in all the sets: none comes twice, a list of them will do. */
function replyCommon({ reply }: Context, sets: Sets): void {
  found.clear();
  intersect(sets, addFound);
  const { bytes, count } = found;
  reply.set(count);
  for (let i = 0; i < count; i++) reply.bulk(bytes, found.start(i), found.end(i));
  found.release();
}

/** Stores the result under argument 1, which an empty one removes, and replies with its size. */
function storeResult(ctx: Context, event: KeyEvent): void {
  const { args, db, reply } = ctx;
  const { size } = result;
  if (size > 0) {
    result.store(db, db.lookupWrite(args, 1), args, 1);
    db.changed(event, args, 1);
  } else {
    storeNothing(db, args, 1);
  }
  result.reset();
  reply.integer(size);
}

/** What the commands of a pair have in common: one replies with a set, the other stores it. */
interface Operation {
  readonly summary: string;
  readonly complexity: string;
  /** Flags of the key where the result is stored. */
  readonly destination: string;
  readonly event: KeyEvent;
  /** Adds the members of the {@linkcode result}. */
  readonly combine: (sets: Sets) => void;
  /** Replies with the result, where that need not be a set of its own. */
  readonly answer?: (ctx: Context, sets: Sets) => void;
}

/** `Returns the members ...` and `Stores the members ...`: the two commands of an operation. */
function pair(name: string, operation: Operation): readonly [Command, Command] {
  const { summary, complexity, destination, event, combine, answer } = operation;
  const shared = { acl: ["set"], group: "set", since: "1.0.0", complexity } as const;
  const replying = command({
    ...shared,
    name,
    arity: -2,
    flags: ["readonly"],
    keys: [keysFrom(1, -1, 1, "RO ACCESS")],
    summary: `Returns ${summary}`,
    syntax: "key [key ...]",
    tips: ["nondeterministic_output_order"],
    run(ctx) {
      const sets = setsOf(ctx, 1, ctx.args.count - 1);
      if (sets === undefined) return;
      if (answer !== undefined) return answer(ctx, sets);
      beginResult(ctx);
      combine(sets);
      replyResult(ctx);
    },
  });
  const storing = command({
    ...shared,
    name: `${name}store`,
    arity: -3,
    flags: ["write", "denyoom"],
    keys: [keyAt(1, destination), keysFrom(2, -1, 1, "RO ACCESS")],
    summary: `Stores ${summary}`,
    syntax: "destination key [key ...]",
    run(ctx) {
      const sets = setsOf(ctx, 2, ctx.args.count - 1);
      if (sets === undefined) return;
      beginResult(ctx);
      combine(sets);
      storeResult(ctx, event);
    },
  });
  return [replying, storing];
}

const INTERSECTION_COMPLEXITY =
  "O(N*M) where N is the size of the smallest set and M is the number of sets.";
const COMPLEXITY = "O(N) where N is the number of members of all sets.";

const [sinter, sinterstore] = pair("sinter", {
  summary: "the members that several sets have in common.",
  complexity: INTERSECTION_COMPLEXITY,
  destination: "RW UPDATE",
  event: keyEvent("sinterstore", "set"),
  combine: (sets) => {
    found.clear();
    intersect(sets, addFound);
    takeFound();
  },
  answer: replyCommon,
});

const [sunion, sunionstore] = pair("sunion", {
  summary: "the members that are in any of several sets.",
  complexity: COMPLEXITY,
  destination: "OW UPDATE",
  event: keyEvent("sunionstore", "set"),
  combine: unite,
});

const [sdiff, sdiffstore] = pair("sdiff", {
  summary: "the members of the first set that are in no other.",
  complexity: COMPLEXITY,
  destination: "OW UPDATE",
  event: keyEvent("sdiffstore", "set"),
  combine: subtract,
});

const sintercard = command({
  name: "sintercard",
  arity: -3,
  flags: ["readonly", "movablekeys"],
  acl: ["set"],
  keys: [countedKeys(1, "RO ACCESS")],
  group: "set",
  since: "7.0.0",
  summary: "Tells how many members several sets have in common.",
  complexity: INTERSECTION_COMPLEXITY,
  syntax: "numkeys key [key ...] [LIMIT limit]",
  run(ctx) {
    const { args, reply } = ctx;
    const count = args.int64(1);
    if (count === undefined || count < 1) {
      return reply.error("ERR numkeys should be greater than 0");
    }
    if (count > args.count - 2) {
      return reply.error("ERR Number of keys can't be greater than number of args");
    }
    const last = 1 + Number(count);
    const limit = readLimit(ctx, last + 1);
    if (limit === undefined) return;
    const sets = setsOf(ctx, 2, last);
    if (sets === undefined) return;
    reply.integer(countCommon(sets, limit));
  },
});

/** SINTERCARD's limit from argument `first` on, 0 for none; undefined: the error is answered. */
function readLimit({ args, reply }: Context, first: number): number | undefined {
  let limit = 0;
  for (let i = first; i < args.count; i += 2) {
    if (!args.is(i, "LIMIT") || i + 1 >= args.count) return void reply.error(SYNTAX_ERROR);
    const value = args.int64(i + 1);
    if (value === undefined || value < 0) return void reply.error("ERR LIMIT can't be negative");
    limit = Number(value);
  }
  return limit;
}

/** The commands of this file. */
export const setAlgebraCommands: readonly Command[] = [
  sinter,
  sintercard,
  sinterstore,
  sunion,
  sunionstore,
  sdiff,
  sdiffstore,
];
