/**
 * Members chosen by chance: SPOP SRANDMEMBER.
 *
 * Promise: every choice is equally likely. The log gets what was chosen: SPOP as SREM, or as DEL
 * where it takes all.
 */

import { Buffer } from "node:buffer";
import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { DEL, keyEvent } from "../keyspace/events.ts";
import type { Part } from "../resp/encoder.ts";
import { SetEditor } from "../types/set/editor.ts";
import { type SetTable, setTableAt } from "../types/set/set_table.ts";
import { setAt } from "../types/set/view.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, NOT_AN_INTEGER, SYNTAX_ERROR } from "./context.ts";
import { integersMax } from "./set_members.ts";

const SPOP = keyEvent("spop", "set");

const NOT_POSITIVE = "ERR value is out of range, must be positive";
const LONG_MAX = 2n ** 63n - 1n;
const COUNT_RANGE = `ERR value is out of range, value must between -${LONG_MAX} and ${LONG_MAX}`;
/** Most members in one SREM of the log. */
const LOGGED_MEMBERS_MAX = 1024;

const editor = new SetEditor();

const spop = command({
  name: "spop",
  arity: -2,
  flags: ["write", "fast"],
  acl: ["set"],
  keys: [keyAt(1, "RW ACCESS DELETE")],
  group: "set",
  since: "1.0.0",
  history: [["3.2.0", "Added the `count` argument."]],
  summary: "Removes members of a set, chosen by chance, and returns them.",
  complexity: "O(1) without a count, else O(N) where N is the count.",
  syntax: "key [count]",
  tips: ["nondeterministic_output"],
  run(ctx) {
    const { args, db, reply } = ctx;
    if (args.count > 3) return reply.error(SYNTAX_ERROR);
    if (args.count === 3) return popSeveral(ctx);
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "set")) return;
    if (ref === NONE) return reply.null();

    const table = setTableAt(db, ref);
    const isEmpty = table === undefined ? popFromSmall(ctx, ref) : popFromTable(ctx, ref, table);
    db.changed(SPOP, args, 1);
    if (isEmpty) db.notify(DEL, args, 1);
  },
});

/** Takes one member of a large set, replies and logs it; returns whether none is left. */
function popFromTable(ctx: Context, ref: Ref, set: SetTable): boolean {
  const { table } = set;
  const member = table.random(ctx.server.random);
  table.locate(member);
  ctx.reply.bulk(table.bytes, table.keyStart, table.valueStart);
  logRemoval(ctx, table.bytes, table.keyStart, table.valueStart);
  set.removeAt(member);
  const isEmpty = set.size === 0;
  if (isEmpty) ctx.db.remove(ref);
  return isEmpty;
}

/** The same of a small set. */
function popFromSmall(ctx: Context, ref: Ref): boolean {
  const { args, db } = ctx;
  editor.open(db, ref, integersMax(ctx));
  editor.take(1, ctx.server.random, (bytes, start, end) => {
    ctx.reply.bulk(bytes, start, end);
    logRemoval(ctx, bytes, start, end);
  });
  editor.save(db, ref, args, 1);
  return editor.size === 0;
}

function logRemoval(ctx: Context, bytes: Uint8Array, start: number, end: number): void {
  if (!ctx.server.effects.active) return ctx.logNothing();
  ctx.logAs("SREM", ctx.args.bytes(1), bytes.subarray(start, end));
}

/** SPOP with a count. */
function popSeveral(ctx: Context): void {
  const { args, db, reply } = ctx;
  const count = args.int64(2);
  if (count === undefined || count < 0) return reply.error(NOT_POSITIVE);
  const ref = db.lookupWrite(args, 1);
  if (!ctx.check(ref, "set")) return;
  if (ref === NONE || count === 0) return reply.set(0);

  if (count >= setAt(db, ref).size) return popAll(ctx, ref);
  editor.open(db, ref, integersMax(ctx));
  reply.set(Number(count));
  const log = new RemovalLog(ctx);
  editor.take(Number(count), ctx.server.random, (bytes, start, end) => {
    reply.bulk(bytes, start, end);
    log.add(bytes, start, end);
  });
  editor.save(db, ref, args, 1);
  log.end();
  db.changed(SPOP, args, 1);
}

function popAll(ctx: Context, ref: Ref): void {
  const { args, db } = ctx;
  replyAll(ctx, db, ref);
  db.remove(ref);
  db.changed(SPOP, args, 1);
  db.notify(DEL, args, 1);
  ctx.logAs("DEL", args.bytes(1));
}

function replyAll({ reply }: Context, db: Database, ref: Ref): void {
  const set = setAt(db, ref);
  reply.set(set.size);
  set.forEach((bytes, start, end) => reply.bulk(bytes, start, end));
}

/** Gathers removed members and logs them in SREMs of bounded length. */
class RemovalLog {
  readonly #ctx: Context;
  readonly #active: boolean;
  #members: Part[] = [];

  constructor(ctx: Context) {
    this.#ctx = ctx;
    this.#active = ctx.server.effects.active;
    ctx.logNothing();
  }

  /** Adds a member: a copy, for its memory goes with it. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#active) return;
    this.#members.push(Buffer.from(bytes.subarray(start, end)));
    if (this.#members.length === LOGGED_MEMBERS_MAX) this.end();
  }

  /** Logs what has been gathered. */
  end(): void {
    if (this.#members.length === 0) return;
    this.#ctx.logAs("SREM", this.#ctx.args.bytes(1), ...this.#members);
    this.#members = [];
  }
}

const srandmember = command({
  name: "srandmember",
  arity: -2,
  flags: ["readonly"],
  acl: ["set"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "set",
  since: "1.0.0",
  history: [["2.6.0", "Added the optional `count` argument."]],
  summary: "Returns members of a set, chosen by chance.",
  complexity: "O(1) without a count, else O(N) where N is the count without its sign.",
  syntax: "key [count]",
  tips: ["nondeterministic_output"],
  run(ctx) {
    const { args, db, reply } = ctx;
    if (args.count > 3) return reply.error(SYNTAX_ERROR);
    if (args.count === 3) return chooseSeveral(ctx);
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "set")) return;
    if (ref === NONE) return reply.null();
    setAt(db, ref).random(ctx.server.random, (bytes, start, end) => reply.bulk(bytes, start, end));
  },
});

/** SRANDMEMBER with a count: different members, or, if it is negative, any. */
function chooseSeveral(ctx: Context): void {
  const { args, db, reply } = ctx;
  const count = ctx.integer(2, NOT_AN_INTEGER);
  if (count === undefined) return;
  if (count < -LONG_MAX) return reply.error(COUNT_RANGE);
  const ref = db.lookup(args, 1);
  if (!ctx.check(ref, "set")) return;
  if (ref === NONE || count === 0) return reply.array(0);

  const set = setAt(db, ref);
  const { random } = ctx.server;
  const show = (bytes: Uint8Array, start: number, end: number) => reply.bulk(bytes, start, end);
  if (count > 0) {
    const chosen = count < set.size ? Number(count) : set.size;
    reply.array(chosen);
    set.sample(chosen, random, show);
  } else {
    const times = -Number(count);
    reply.array(times);
    for (let i = 0; i < times; i++) set.random(random, show);
  }
}

/** The commands of this file. */
export const setRandomCommands: readonly Command[] = [spop, srandmember];
