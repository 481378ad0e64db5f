/** Changing lists anywhere: LSET LINSERT LREM LTRIM. */

import { NONE } from "../keyspace/database.ts";
import { DEL, keyEvent } from "../keyspace/events.ts";
import { equalBytes } from "../memory/bytes.ts";
import {
  dropFromList,
  insertIntoList,
  listLength,
  removeFromList,
  replaceInList,
} from "../types/list/list.ts";
import { type Command, command, keyAt } from "./command.ts";
import { SYNTAX_ERROR } from "./context.ts";
import { chunkLimit, cursor } from "./list_common.ts";

const LSET = keyEvent("lset", "list");
const LINSERT = keyEvent("linsert", "list");
const LREM = keyEvent("lrem", "list");
const LTRIM = keyEvent("ltrim", "list");

const lset = command({
  name: "lset",
  arity: 4,
  flags: ["write", "denyoom"],
  acl: ["list"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "list",
  since: "1.0.0",
  summary: "Puts another element at a place of a list.",
  complexity: "O(N) where N is the length of the list. Setting either the first or the last " +
    "element of the list is O(1).",
  syntax: "key index element",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookupWrite(args, 1);
    if (ref === NONE) return reply.error("ERR no such key");
    if (!ctx.check(ref, "list")) return;
    const index = ctx.integer(2);
    if (index === undefined) return;
    cursor.open(db, ref);
    const at = index < 0 ? cursor.length + Number(index) : Number(index);
    if (at < 0 || at >= cursor.length) return reply.error("ERR index out of range");

    cursor.seek(at);
    cursor.next();
    const [start, end, limit] = [args.start(3), args.end(3), chunkLimit(ctx)];
    replaceInList(db, ref, args, 1, cursor, args.buf, start, end, limit);
    db.changed(LSET, args, 1);
    reply.ok();
  },
});

const linsert = command({
  name: "linsert",
  arity: 5,
  flags: ["write", "denyoom"],
  acl: ["list"],
  keys: [keyAt(1, "RW INSERT")],
  group: "list",
  since: "2.2.0",
  summary: "Adds an element next to the first one that equals another.",
  complexity: "O(N) where N is the number of elements to traverse before seeing the value pivot." +
    " This means that inserting somewhere on the left end on the list (head) can be considered " +
    "O(1) and inserting somewhere on the right end (tail) is O(N).",
  syntax: "key <BEFORE | AFTER> pivot element",
  run(ctx) {
    const { args, db, reply } = ctx;
    const before = args.is(2, "BEFORE");
    if (!before && !args.is(2, "AFTER")) return reply.error(SYNTAX_ERROR);
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "list")) return;
    if (ref === NONE) return reply.integer(0);

    cursor.open(db, ref);
    const [pivot, length] = [args.start(3), args.length(3)];
    do if (!cursor.next()) return reply.integer(-1); while (
      cursor.end - cursor.start !== length ||
      !equalBytes(cursor.bytes, cursor.start, args.buf, pivot, length)
    );
    const count = cursor.length + 1;
    const [start, end, limit] = [args.start(4), args.end(4), chunkLimit(ctx)];
    insertIntoList(db, ref, args, 1, cursor, before, args.buf, start, end, limit);
    db.changed(LINSERT, args, 1);
    reply.integer(count);
  },
});

const lrem = command({
  name: "lrem",
  arity: 4,
  flags: ["write"],
  acl: ["list"],
  keys: [keyAt(1, "RW DELETE")],
  group: "list",
  since: "1.0.0",
  summary: "Takes out elements that equal another: some, from either end, or all.",
  complexity: "O(N+M) where N is the length of the list and M is the number of elements removed.",
  syntax: "key count element",
  run(ctx) {
    const { args, db, reply } = ctx;
    const count = ctx.integer(2);
    if (count === undefined) return;
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "list")) return;
    if (ref === NONE) return reply.integer(0);

    const total = listLength(db, ref);
    const count_max = Math.abs(Number(count)) || Infinity;
    const [start, end] = [args.start(3), args.end(3)];
    const removed = removeFromList(db, ref, args.buf, start, end, count_max, count < 0);
    if (removed > 0) db.changed(LREM, args, 1);
    if (removed === total) db.notify(DEL, args, 1);
    reply.integer(removed);
  },
});

const ltrim = command({
  name: "ltrim",
  arity: 4,
  flags: ["write"],
  acl: ["list"],
  keys: [keyAt(1, "RW DELETE")],
  group: "list",
  since: "1.0.0",
  summary: "Keeps the elements of a list from one place to another.",
  complexity: "O(N) where N is the number of elements to be removed by the operation.",
  syntax: "key start stop",
  run(ctx) {
    const { args, db, reply } = ctx;
    const start = ctx.integer(2);
    if (start === undefined) return;
    const stop = ctx.integer(3);
    if (stop === undefined) return;
    let ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "list")) return;
    if (ref === NONE) return reply.ok();

    const length = listLength(db, ref);
    const from = Math.max(start < 0 ? length + Number(start) : Number(start), 0);
    const last = Math.min(stop < 0 ? length + Number(stop) : Number(stop), length - 1);
    const isEmpty = from > last;
    if (isEmpty) {
      db.remove(ref);
    } else {
      if (from > 0) ref = dropFromList(db, ref, true, from);
      if (last < length - 1) dropFromList(db, ref, false, length - 1 - last);
      if (last - from + 1 === length) ctx.logNothing();
    }
    db.changed(LTRIM, args, 1); // even where nothing had to go
    if (isEmpty) db.notify(DEL, args, 1);
    reply.ok();
  },
});

/** LSET LINSERT LREM LTRIM. */
export const listEditCommands: readonly Command[] = [lset, linsert, lrem, ltrim];
