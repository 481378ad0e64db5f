/**
 * From one list to another: LMOVE RPOPLPUSH, and BLMOVE BRPOPLPUSH, which wait for an element.
 *
 * Promise: an element is never lost: where the other key is no list, nothing has changed.
 */

import type { Buffer } from "node:buffer";
import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import type { Args } from "../resp/args.ts";
import { dropFromList, listLength, pushList } from "../types/list/list.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { chunkLimit, cursor, isLeft, peekList, POPPED, PUSHED, takeOut } from "./list_common.ts";
import { waitSeconds } from "./wait_time.ts";

/** Between leaving one list and arriving in the other the element stands here. */
let moved: Buffer = newBytes(1024);
/** It is made small again after an element larger than this. */
const KEPT_BYTES_MAX = 1 << 16;

const lmove = moveCommand({
  name: "lmove",
  arity: 5,
  flags: ["write", "denyoom"],
  since: "6.2.0",
  summary: "Takes an element out of a list and adds it to another one.",
  syntax: "source destination <LEFT | RIGHT> <LEFT | RIGHT>",
  run(ctx) {
    const fromLeft = isLeft(ctx, 3);
    if (fromLeft === undefined) return;
    const toLeft = isLeft(ctx, 4);
    if (toLeft !== undefined) moveNow(ctx, fromLeft, toLeft);
  },
});

const rpoplpush = moveCommand({
  name: "rpoplpush",
  arity: 3,
  flags: ["write", "denyoom"],
  since: "1.2.0",
  deprecated: { since: "6.2.0", replacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments" },
  summary: "Takes the last element out of a list and adds it at the left end of another one.",
  syntax: "source destination",
  run: (ctx) => moveNow(ctx, false, true),
});

const blmove = moveCommand({
  name: "blmove",
  arity: 6,
  flags: ["write", "denyoom", "noscript", "blocking"],
  since: "6.2.0",
  summary: "Takes an element out of a list and adds it to another one; waits for it if need be.",
  syntax: "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
  run(ctx) {
    const fromLeft = isLeft(ctx, 3);
    if (fromLeft === undefined) return undefined;
    const toLeft = isLeft(ctx, 4);
    return toLeft === undefined ? undefined : moveOrWait(ctx, fromLeft, toLeft, 5);
  },
});

const brpoplpush = moveCommand({
  name: "brpoplpush",
  arity: 4,
  flags: ["write", "denyoom", "noscript", "blocking"],
  since: "2.2.0",
  deprecated: { since: "6.2.0", replacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments" },
  history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
  summary: "Takes the last element out of a list and adds it at the left end of another one; " +
    "waits for it if need be.",
  syntax: "source destination timeout",
  run: (ctx) => moveOrWait(ctx, false, true, 3),
});

function moveCommand(
  record: Omit<CommandRecord, "acl" | "keys" | "group" | "complexity">,
): Command {
  return command({
    ...record,
    acl: ["list"],
    keys: [keyAt(1, "RW ACCESS DELETE"), keyAt(2, "RW INSERT")],
    group: "list",
    complexity: "O(1)",
  });
}

function moveNow(ctx: Context, fromLeft: boolean, toLeft: boolean): void {
  const { args, db, reply } = ctx;
  const source = db.lookupWrite(args, 1);
  if (source === NONE) return reply.null();
  if (!ctx.check(source, "list")) return;
  move(ctx, args, 1, fromLeft, toLeft);
}

/** BLMOVE and BRPOPLPUSH; argument `t` is the timeout. */
function moveOrWait(
  ctx: Context,
  fromLeft: boolean,
  toLeft: boolean,
  t: number,
): Promise<void> | undefined {
  const timeout_ms = waitSeconds(ctx, t);
  if (timeout_ms === undefined) return;
  const { args, db, reply } = ctx;
  const source = db.lookupWrite(args, 1);
  if (!ctx.check(source, "list")) return;

  if (source !== NONE) {
    if (move(ctx, args, 1, fromLeft, toLeft)) logMove(ctx);
    return;
  }
  if (!ctx.mayWait) return reply.null() as undefined;
  const key = args.text(1);
  const attempt = (_key: string, keyArgs: Args) => {
    if (peekList(db, keyArgs) === NONE) return false;
    if (move(ctx, keyArgs, 0, fromLeft, toLeft)) logMove(ctx);
    return true;
  };
  return ctx.server.blocking.wait(ctx, [key], timeout_ms, attempt, () => reply.nullArray());
}

/**
 * Moves an element from the list in argument `s` of `sourceArgs` to that in argument 2 of the
 * command, replies with it and reports it. False: that is no list, which has been answered.
 */
function move(
  ctx: Context,
  sourceArgs: Args,
  s: number,
  fromLeft: boolean,
  toLeft: boolean,
): boolean {
  const { args, db, reply } = ctx;
  if (!ctx.check(db.lookupWrite(args, 2), "list")) return false;

  const source = db.peek(sourceArgs, s); // the target may have expired just now
  const length = keepEdge(db, source, fromLeft);
  const target = db.peek(args, 2);
  reply.bulk(moved, 0, length);
  const limit = chunkLimit(ctx);
  if (target === source) { // the list is turned round: it must not become empty on the way
    if (listLength(db, source) > 1) {
      const ref = dropFromList(db, source, fromLeft, 1);
      pushList(db, ref, args, 2, toLeft, moved, 0, length, limit);
    }
    db.changed(PUSHED[toLeft ? 1 : 0], args, 2);
    db.notify(POPPED[fromLeft ? 1 : 0], args, 2);
  } else {
    pushList(db, target, args, 2, toLeft, moved, 0, length, limit);
    db.changed(PUSHED[toLeft ? 1 : 0], args, 2);
    takeOut(db, db.peek(sourceArgs, s), sourceArgs, s, fromLeft, 1);
  }
  if (moved.length > KEPT_BYTES_MAX) moved = newBytes(1024);
  return true;
}

/** Copies the element at one end of a list to `moved`. Returns its length. */
function keepEdge(db: Database, ref: Ref, left: boolean): number {
  cursor.open(db, ref).toEdge(left);
  const length = cursor.end - cursor.start;
  if (length > moved.length) moved = newBytes(length);
  copyBytes(cursor.bytes, cursor.start, cursor.end, moved, 0);
  return length;
}

/** What BLMOVE and BRPOPLPUSH did, as a command that does not wait. */
function logMove(ctx: Context): void {
  const { args } = ctx;
  if (ctx.command.name === "brpoplpush") ctx.logAs("RPOPLPUSH", args.bytes(1), args.bytes(2));
  else ctx.logAs("LMOVE", args.bytes(1), args.bytes(2), args.bytes(3), args.bytes(4));
}

/** LMOVE RPOPLPUSH BLMOVE BRPOPLPUSH. */
export const listMoveCommands: readonly Command[] = [lmove, rpoplpush, blmove, brpoplpush];
