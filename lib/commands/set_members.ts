/**
 * Members of one set: SADD SREM SMOVE SCARD SISMEMBER SMISMEMBER SMEMBERS SSCAN.
 *
 * Promise: a key whose last member has gone is gone itself. SADD to a large set and SISMEMBER make
 * no object.
 */

import { NONE, type Ref } from "../keyspace/database.ts";
import { DEL, keyEvent } from "../keyspace/events.ts";
import { PackedEditor, PackedReader } from "../memory/packed.ts";
import { globMatchRange } from "../numbers/glob.ts";
import type { Args } from "../resp/args.ts";
import { SetEditor } from "../types/set/editor.ts";
import { type SetTable, setTableAt } from "../types/set/set_table.ts";
import { setAt, setHas, type SetView } from "../types/set/view.ts";
import { type Command, command, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { readCursor, readScanOptions } from "./scan_options.ts";

const SADD = keyEvent("sadd", "set");
const SREM = keyEvent("srem", "set");

/** An SSCAN looks at no more than this many times COUNT buckets, however empty they are. */
const STEPS_PER_COUNT = 10;

const editor = new SetEditor();

/** Most members of a set of integers. */
export function integersMax(ctx: Context): number {
  return ctx.server.config.values["set-max-intset-entries"];
}

const sadd = command({
  name: "sadd",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  acl: ["set"],
  keys: [keyAt(1, "RW INSERT")],
  group: "set",
  since: "1.0.0",
  history: [["2.4.0", "Accepts multiple `member` arguments."]],
  summary: "Adds members to a set.",
  complexity: "O(1) for each member.",
  syntax: "key member [member ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookupWrite(args, 1);
    const table = setTableAt(db, ref);
    if (table === undefined && !ctx.check(ref, "set")) return;

    const added = table === undefined ? addToSmall(ctx, ref) : addToTable(args, table);
    if (added > 0) db.changed(SADD, args, 1);
    reply.integer(added);
  },
});

/** Adds arguments 2 and on to a large set; returns how many are new. */
function addToTable(args: Args, table: SetTable): number {
  let added = 0;
  for (let i = 2; i < args.count; i++) {
    if (table.add(args.buf, args.start(i), args.end(i))) added++;
  }
  return added;
}

/** The same for a small set, or a new one, in argument 1. */
function addToSmall(ctx: Context, ref: Ref): number {
  const { args, db } = ctx;
  editor.open(db, ref, integersMax(ctx));
  let added = 0;
  for (let i = 2; i < args.count; i++) {
    if (editor.add(args.buf, args.start(i), args.end(i))) added++;
  }
  if (added > 0) editor.save(db, ref, args, 1);
  return added;
}

const srem = command({
  name: "srem",
  arity: -3,
  flags: ["write", "fast"],
  acl: ["set"],
  keys: [keyAt(1, "RW DELETE")],
  group: "set",
  since: "1.0.0",
  history: [["2.4.0", "Accepts multiple `member` arguments."]],
  summary: "Removes members from a set.",
  complexity: "O(1) for each member.",
  syntax: "key member [member ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "set")) return;
    if (ref === NONE) return reply.integer(0);

    editor.open(db, ref, integersMax(ctx));
    let removed = 0;
    for (let i = 2; i < args.count; i++) {
      if (editor.remove(args.buf, args.start(i), args.end(i))) removed++;
    }
    const { size } = editor;
    if (removed > 0) {
      editor.save(db, ref, args, 1);
      db.changed(SREM, args, 1);
      if (size === 0) db.notify(DEL, args, 1);
    }
    reply.integer(removed);
  },
});

const smove = command({
  name: "smove",
  arity: 4,
  flags: ["write", "fast"],
  acl: ["set"],
  keys: [keyAt(1, "RW ACCESS DELETE"), keyAt(2, "RW INSERT")],
  group: "set",
  since: "1.0.0",
  summary: "Moves a member from one set to another.",
  complexity: "O(1)",
  syntax: "source destination member",
  run(ctx) {
    const { args, db, reply } = ctx;
    if (db.lookupWrite(args, 1) === NONE) {
      db.lookupWrite(args, 2);
      return reply.integer(0);
    }
    const target = db.lookupWrite(args, 2);
    const source = db.peek(args, 1);
    if (!ctx.check(source, "set") || !ctx.check(target, "set")) return;
    if (source === target) {
      return reply.integer(setHas(db, source, args.buf, args.start(3), args.end(3)) ? 1 : 0);
    }

    editor.open(db, source, integersMax(ctx));
    if (!editor.remove(args.buf, args.start(3), args.end(3))) return reply.integer(0);
    const { size } = editor;
    editor.save(db, source, args, 1);
    db.changed(SREM, args, 1);
    if (size === 0) db.notify(DEL, args, 1);
    addMoved(ctx);
    reply.integer(1);
  },
});

/** SMOVE's second half: adds argument 3 to the set in argument 2. */
function addMoved(ctx: Context): void {
  const { args, db } = ctx;
  const target = db.peek(args, 2);
  editor.open(db, target, integersMax(ctx));
  if (!editor.add(args.buf, args.start(3), args.end(3))) return;
  editor.save(db, target, args, 2);
  db.changed(SADD, args, 2);
}

const scard = command({
  name: "scard",
  arity: 2,
  flags: ["readonly", "fast"],
  acl: ["set"],
  keys: [keyAt(1, "RO")],
  group: "set",
  since: "1.0.0",
  summary: "Tells how many members a set has.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const ref = ctx.db.lookup(ctx.args, 1);
    if (!ctx.check(ref, "set")) return;
    ctx.reply.integer(ref === NONE ? 0 : setAt(ctx.db, ref).size);
  },
});

const sismember = command({
  name: "sismember",
  arity: 3,
  flags: ["readonly", "fast"],
  acl: ["set"],
  keys: [keyAt(1, "RO")],
  group: "set",
  since: "1.0.0",
  summary: "Tells whether something is a member of a set.",
  complexity: "O(1)",
  syntax: "key member",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "set")) return;
    const found = ref !== NONE && setHas(db, ref, args.buf, args.start(2), args.end(2));
    reply.integer(found ? 1 : 0);
  },
});

const smismember = command({
  name: "smismember",
  arity: -3,
  flags: ["readonly", "fast"],
  acl: ["set"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "set",
  since: "6.2.0",
  summary: "Tells of several things whether they are members of a set.",
  complexity: "O(N) where N is the number of things asked for.",
  syntax: "key member [member ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "set")) return;
    const set = ref === NONE ? undefined : setAt(db, ref);
    reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) {
      reply.integer(set?.has(args.buf, args.start(i), args.end(i)) ? 1 : 0);
    }
  },
});

const smembers = command({
  name: "smembers",
  arity: 2,
  flags: ["readonly"],
  acl: ["set"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "set",
  since: "1.0.0",
  summary: "Returns all members of a set.",
  complexity: "O(N) where N is the number of members.",
  syntax: "key",
  tips: ["nondeterministic_output_order"],
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "set")) return;
    if (ref === NONE) return reply.set(0);
    const set = setAt(db, ref);
    reply.set(set.size);
    set.forEach((bytes, start, end) => reply.bulk(bytes, start, end));
  },
});

const sscan = command({
  name: "sscan",
  arity: -3,
  flags: ["readonly"],
  acl: ["set"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "set",
  since: "2.8.0",
  summary: "Walks through the members of a set step by step.",
  complexity: "O(1) for a call, O(N) for a full walk, where N is the number of members.",
  syntax: "key cursor [MATCH pattern] [COUNT count]",
  tips: ["nondeterministic_output"],
  run(ctx) {
    const { args, db } = ctx;
    let cursor = readCursor(ctx, 2);
    if (cursor === undefined) return;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "set")) return;
    found.clear();
    if (ref === NONE) return replyFound(ctx, 0, 0);
    const options = readScanOptions(ctx, 3, false);
    if (options === undefined) return;

    const set = setAt(db, ref);
    const { pattern, count } = options;
    if (set.table === undefined && pattern === undefined) return replyWhole(ctx, set);
    let seen = 0;
    let matching = 0;
    let steps = count * STEPS_PER_COUNT;
    do {
      cursor = set.scan(cursor, (bytes, start, end) => {
        seen++;
        if (pattern !== undefined && !globMatchRange(pattern, bytes, start, end)) return;
        matching++;
        found.push(bytes, start, end);
      });
    } while (cursor !== 0 && steps-- > 0 && seen < count);
    replyFound(ctx, cursor, matching);
  },
});

/** What the step of a walk under way has found. */
let found = new PackedEditor();
/** Memory for what a step finds that is larger is not kept. */
const KEPT_BYTES_MAX = 64 * 1024;

function replyFound({ reply }: Context, cursor: number, count: number): void {
  reply.array(2);
  reply.bulkInteger(cursor);
  reply.array(count);
  const run = new PackedReader(found.bytes, 0, found.length);
  while (run.next()) reply.bulk(run.bytes, run.start, run.end);
  if (found.bytes.length > KEPT_BYTES_MAX) found = new PackedEditor();
}

/** A small set is walked through in one step. */
function replyWhole({ reply }: Context, set: SetView): void {
  reply.array(2);
  reply.bulkInteger(0);
  reply.array(set.size);
  set.forEach((bytes, start, end) => reply.bulk(bytes, start, end));
}

/** The commands of this file. */
export const setMemberCommands: readonly Command[] = [
  sadd,
  srem,
  smove,
  scard,
  sismember,
  smismember,
  smembers,
  sscan,
];
