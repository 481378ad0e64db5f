/** What the commands of lists share: their events, taking elements out, words and errors. */

import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { DEL, keyEvent } from "../keyspace/events.ts";
import type { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";
import { ListCursor } from "../types/list/cursor.ts";
import { dropFromList, listLength } from "../types/list/list.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";

/** Events of pushing, by the end: `[right, left]`. */
export const PUSHED = [keyEvent("rpush", "list"), keyEvent("lpush", "list")] as const;
/** Events of popping. */
export const POPPED = [keyEvent("rpop", "list"), keyEvent("lpop", "list")] as const;
/** Event of a list that has lost its last element. */

/** The cursor of a command under way; none outlives its command. */
export const cursor = new ListCursor();

/** `list-max-listpack-size`. */
export function chunkLimit(ctx: Context): number {
  return ctx.server.config.values["list-max-listpack-size"];
}

/** Argument `i`, LEFT or RIGHT: whether it is LEFT. Undefined: neither, an error is answered. */
export function isLeft({ args, reply }: Context, i: number): boolean | undefined {
  if (args.is(i, "LEFT")) return true;
  if (args.is(i, "RIGHT")) return false;
  return void reply.error(SYNTAX_ERROR);
}

/** Replies with the first (`left`) or last element of a list. */
export function replyEdge(reply: Reply, db: Database, ref: Ref, left: boolean): void {
  cursor.open(db, ref).toEdge(left);
  reply.bulk(cursor.bytes, cursor.start, cursor.end);
}

/** Replies with an array of the first or last `count` elements of a list, beginning at that end. */
export function replyFromEdge(
  reply: Reply,
  db: Database,
  ref: Ref,
  left: boolean,
  count: number,
): void {
  cursor.open(db, ref);
  reply.array(count);
  if (!left) cursor.seekEnd();
  for (; count > 0; count--) {
    if (left) cursor.next();
    else cursor.previous();
    reply.bulk(cursor.bytes, cursor.start, cursor.end);
  }
}

/** Takes `count` elements out of the list in argument `k` at one end, and reports it. */
export function takeOut(
  db: Database,
  ref: Ref,
  args: Args,
  k: number,
  left: boolean,
  count: number,
): void {
  const isLast = listLength(db, ref) === count;
  if (isLast) db.remove(ref);
  else dropFromList(db, ref, left, count);
  db.changed(POPPED[left ? 1 : 0], args, k);
  if (isLast) db.notify(DEL, args, k);
}

/**
 * The list in one of the arguments `first .. end`, whose index is returned; 0: there is none;
 * undefined: one of them holds something else, which has been answered.
 */
export function firstList(ctx: Context, first: number, end: number): number | undefined {
  const { args, db } = ctx;
  for (let k = first; k < end; k++) {
    const ref = db.lookupWrite(args, k);
    if (!ctx.check(ref, "list")) return undefined;
    if (ref !== NONE) return k;
  }
  return 0;
}

/** The texts of arguments `first .. end`. */
export function keyTexts(args: Args, first: number, end: number): string[] {
  const keys: string[] = [];
  for (let k = first; k < end; k++) keys.push(args.text(k));
  return keys;
}

/** The list under `key`, argument 0 of `keyArgs`; NONE where there is none, or something else. */
export function peekList(db: Database, keyArgs: Args): Ref {
  const ref = db.lookupWrite(keyArgs, 0);
  return ref !== NONE && db.type(ref) === "list" ? ref : NONE;
}
