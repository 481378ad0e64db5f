/** PFDEBUG and PFSELFTEST: a look into HyperLogLogs, and a test of what they are made of. */

import { NONE, type Ref } from "../keyspace/database.ts";
import { RAW } from "../keyspace/value.ts";
import { selfTest } from "../types/hyperloglog/self_test.ts";
import { denseCopy, forEachRun } from "../types/hyperloglog/hyperloglog.ts";
import { DENSE, encodingOf, HEADER_BYTES, REGISTERS } from "../types/hyperloglog/layout.ts";
import { isLongRun, runLength, runValue } from "../types/hyperloglog/sparse.ts";
import { type Command, command, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { checkHyperLogLog, CORRUPT, unshare } from "./hyperloglog_check.ts";

const NO_SUCH_KEY = "ERR The specified key does not exist";
const NOT_SPARSE = "ERR HLL encoding is not sparse";

/** Makes the one at `ref` dense; undefined: it is corrupt, and that was answered. */
function makeDense({ db, reply }: Context, ref: Ref): Ref | undefined {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  if (encodingOf(bytes, valueStart) === DENSE) return ref;
  const dense = denseCopy(bytes, valueStart, valueEnd);
  if (dense === undefined) return void reply.error(CORRUPT);
  db.keyspace.dirty++; // for the log; nobody else is told, and WATCH does not mind
  return db.setValue(ref, RAW, dense, 0, dense.length);
}

/** GETREG: all registers. */
function replyRegisters(ctx: Context, ref: Ref): void {
  const { db, reply } = ctx;
  const dense = makeDense(ctx, ref);
  if (dense === undefined) return;
  const { bytes, valueStart, valueEnd } = db.locate(dense);
  reply.array(REGISTERS);
  forEachRun(bytes, valueStart, valueEnd, (value) => reply.integer(value));
}

/** DECODE: the runs of a sparse one, `z:12 v:3,1 Z:16371`. */
function replyRuns({ db, reply }: Context, ref: Ref): void {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  if (encodingOf(bytes, valueStart) === DENSE) return reply.error(NOT_SPARSE);
  const runs: string[] = [];
  for (let at = valueStart + HEADER_BYTES; at < valueEnd;) {
    const length = runLength(bytes, at, valueEnd);
    const value = runValue(bytes, at);
    const isLong = isLongRun(bytes, at);
    runs.push(value > 0 ? `v:${value},${length}` : `${isLong ? "Z" : "z"}:${length}`);
    at += isLong ? 2 : 1;
  }
  reply.bulkText(runs.join(" "));
}

const pfdebug = command({
  name: "pfdebug",
  arity: 3,
  flags: ["write", "denyoom", "admin"],
  acl: ["hyperloglog"],
  keys: [keyAt(2, "RW ACCESS")],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Looks into a HyperLogLog: DECODE, ENCODING, GETREG; or makes it dense: TODENSE.",
  complexity: "N/A",
  syntax: "subcommand key",
  run(ctx) {
    const { args, db, reply } = ctx;
    const found = db.lookupWrite(args, 2);
    if (found === NONE) return reply.error(NO_SUCH_KEY);
    if (!checkHyperLogLog(ctx, found)) return;

    const ref = unshare(db, found);
    const { bytes, valueStart } = db.locate(ref);
    const isDense = encodingOf(bytes, valueStart) === DENSE;
    if (args.is(1, "GETREG")) return replyRegisters(ctx, ref);
    if (args.is(1, "DECODE")) return replyRuns(ctx, ref);
    if (args.is(1, "ENCODING")) return reply.simple(isDense ? "dense" : "sparse");
    if (!args.is(1, "TODENSE")) {
      return reply.error(`ERR Unknown PFDEBUG subcommand '${args.text(1)}'`);
    }
    if (makeDense(ctx, ref) !== undefined) reply.integer(isDense ? 0 : 1);
  },
});

const pfselftest = command({
  name: "pfselftest",
  arity: 1,
  flags: ["admin"],
  acl: ["hyperloglog"],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Tests registers and the accuracy of estimates.",
  complexity: "N/A",
  syntax: "",
  run({ reply, server }) {
    const failure = selfTest(server.random);
    if (failure === undefined) reply.ok();
    else reply.error(`TESTFAILED ${failure}`);
  },
});

/** PFDEBUG and PFSELFTEST. */
export const hyperloglogDebugCommands: readonly Command[] = [pfdebug, pfselftest];
