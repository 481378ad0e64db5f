/**
 * Several sets at once: SINTER SINTERCARD SINTERSTORE SUNION SUNIONSTORE SDIFF SDIFFSTORE.
 *
 * Promise: a missing key is an empty set; nothing has changed where the answer is an error.
 */

import { NONE } from "../keyspace/database.ts";
import { type KeyEvent, keyEvent } from "../keyspace/events.ts";
import { PackedEditor, PackedReader } from "../memory/packed.ts";
import { SetEditor } from "../types/set/editor.ts";
import { type MemberTest, type MemberVisitor, setAt, type SetView } from "../types/set/view.ts";
import { type Command, command, countedKeys, keyAt, keysFrom } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { storeNothing } from "./empty_result.ts";
import { integersMax } from "./set_members.ts";

/** Sets as the keys name them; undefined: there is none. */
type Sets = readonly (SetView | undefined)[];

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

/** The smallest of sets, and the others from small to large; undefined: one of them is empty. */
function bySize(sets: Sets): [SetView, ...SetView[]] | undefined {
  const known = sets.filter((set) => set !== undefined);
  if (known.length < sets.length) return undefined;
  const [smallest, ...others] = known.sort((a, b) => a.size - b.size);
  return [smallest, ...others];
}

function inAll(sets: readonly SetView[], bytes: Uint8Array, start: number, end: number): boolean {
  for (const set of sets) if (!set.has(bytes, start, end)) return false;
  return true;
}

/** Shows every member that is in all the sets. */
function intersect(sets: Sets, visit: MemberVisitor): void {
  const [smallest, ...others] = bySize(sets) ?? [];
  smallest?.forEach((bytes, start, end) => {
    if (inAll(others, bytes, start, end)) visit(bytes, start, end);
  });
}

/** How many members are in all the sets; `limit` are enough, if that is not 0. */
function countCommon(sets: Sets, limit: number): number {
  const [smallest, ...others] = bySize(sets) ?? [];
  let found = 0;
  const test: MemberTest = (bytes, start, end) => {
    return inAll(others, bytes, start, end) && ++found === limit;
  };
  if (limit > 0) smallest?.until(test);
  else smallest?.forEach(test);
  return found;
}

function unite(sets: Sets, result: SetEditor): void {
  for (const set of sets) {
    set?.forEach((bytes, start, end) => result.add(bytes, start, end));
  }
}

/**
 * The members of the first set that are in no other. Which of two ways it goes is decided as in
 * Redis, because a member that is added and removed again can change the encoding of the result.
 */
function subtract(sets: Sets, result: SetEditor): void {
  const [first, ...rest] = sets;
  if (first === undefined) return;
  const others = rest.filter((set) => set !== undefined);
  const total = others.reduce((sum, set) => sum + set.size, first.size);
  if (Math.floor(first.size * (others.length + 1) / 2) <= total) {
    others.sort((a, b) => b.size - a.size);
    first.forEach((bytes, start, end) => {
      if (!others.some((other) => other.has(bytes, start, end))) result.add(bytes, start, end);
    });
    return;
  }
  first.forEach((bytes, start, end) => result.add(bytes, start, end));
  for (const other of others) {
    if (result.size === 0) return;
    other.forEach((bytes, start, end) => result.remove(bytes, start, end));
  }
}

function newSet(ctx: Context): SetEditor {
  const set = new SetEditor();
  set.begin(ctx.db.keyspace.seed, integersMax(ctx));
  return set;
}

function replySet({ reply }: Context, set: SetView): void {
  reply.set(set.size);
  set.forEach((bytes, start, end) => reply.bulk(bytes, start, end));
}

/** Stores a result under argument 1, which an empty one removes, and replies with its size. */
function storeResult(ctx: Context, result: SetEditor, event: KeyEvent): void {
  const { args, db, reply } = ctx;
  const { size } = result;
  if (size > 0) {
    result.store(db, db.lookupWrite(args, 1), args, 1);
    db.changed(event, args, 1);
  } else {
    storeNothing(db, args, 1);
  }
  reply.integer(size);
}

/** What the commands of a pair have in common: one replies with a set, the other stores it. */
interface Operation {
  readonly summary: string;
  readonly complexity: string;
  /** Flags of the key where the result is stored. */
  readonly destination: string;
  readonly event: KeyEvent;
  /** Adds the members of the result. */
  readonly combine: (sets: Sets, result: SetEditor) => void;
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
      const result = newSet(ctx);
      combine(sets, result);
      replySet(ctx, result.view());
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
      const result = newSet(ctx);
      combine(sets, result);
      storeResult(ctx, result, event);
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
  combine: (sets, result) => intersect(sets, (bytes, start, end) => result.add(bytes, start, end)),
  answer({ reply }, sets) { // no member comes twice: a list of them will do
    const found = new PackedEditor();
    let count = 0;
    intersect(sets, (bytes, start, end) => {
      count++;
      found.push(bytes, start, end);
    });
    reply.set(count);
    const run = new PackedReader(found.bytes, 0, found.length);
    while (run.next()) reply.bulk(run.bytes, run.start, run.end);
  },
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
