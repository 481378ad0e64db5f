/**
 * DEBUG POPULATE: fills a database with keys, for tests and measurements.
 *
 * Unlike in Redis the keys are logged: what a server holds is what it holds after a restart.
 */

import { Buffer } from "node:buffer";
import { newBytes } from "../memory/bytes.ts";
import { NONE } from "../keyspace/database.ts";
import type { KeyEvent } from "../keyspace/events.ts";
import { stringEncoding } from "../keyspace/value.ts";
import { Args } from "../resp/args.ts";
import { type Context, LOADING } from "./context.ts";

const NOT_POSITIVE = "ERR value is out of range, must be positive";
/** As in Redis nothing is published: it is of no class. */
const POPULATED: KeyEvent = { name: "populate", eventClass: 0 };

/** Answers `DEBUG POPULATE count [prefix] [size]`: keys `prefix:0` ... that are not there yet. */
export function populate(ctx: Context): void {
  const { args, db, reply, server } = ctx;
  if (server.keyspace.loading) return reply.error(LOADING);
  const count = args.int64(2);
  const size_bytes = args.count > 4 ? args.int64(4) : 0n;
  if (count === undefined || count < 0 || size_bytes === undefined || size_bytes < 0) {
    return reply.error(NOT_POSITIVE);
  }
  const prefix = args.count > 3 ? args.text(3) : "key";
  for (let i = 0; i < Number(count); i++) {
    const value = Buffer.from(`value:${i}`, "latin1");
    const sized = size_bytes > 0 ? newBytes(Number(size_bytes)) : value;
    if (sized !== value) value.copy(sized);
    const pair = Args.of("SET", `${prefix}:${i}`, sized);
    if (db.lookupWrite(pair, 1) !== NONE) continue;
    const [from, to] = [pair.start(2), pair.end(2)];
    db.store(NONE, pair, 1, stringEncoding(pair.buf, from, to), pair.buf, from, to);
    db.changed(POPULATED, pair, 1);
    ctx.logAs("SET", `${prefix}:${i}`, sized);
  }
  reply.ok();
}
