/**
 * DEBUG: a look below the surface, for tests and for whoever suspects a bug.
 *
 * Promise: it is refused unless `enable-debug-command` allows it, with Redis's words; nothing here
 * can end the process or lose data.
 */

import { parseMemorySize } from "../config/memory_size.ts";
import { idleSeconds } from "../keyspace/access.ts";
import { NONE, type Ref } from "../keyspace/database.ts";
import { datasetDigest, digestText, valueDigest } from "../keyspace/digest.ts";
import { encodeValue } from "../types/rdb/encode.ts";
import { RdbWriter } from "../types/rdb/writer.ts";
import { type Command, command } from "./command.ts";
import type { Context } from "./context.ts";
import { encodingLimits } from "./dump.ts";
import { rewriteConfig } from "./config_command.ts";
import { populate } from "./debug_populate.ts";
import { replyOfType } from "./debug_protocol.ts";
import { replyHelp } from "./help.ts";
import { encodingName, refCount } from "./object.ts";
import { messageOf } from "../platform/message_of.ts";

const NOT_ALLOWED = "ERR DEBUG command not allowed. If the enable-debug-command option is set to " +
  `"local", you can run it from a local connection, otherwise you need to set this option in the ` +
  "configuration file, and then restart the server.";
const NO_DIGEST = "0".repeat(40);
/** Redis's bound of the quicklist threshold: 4 GiB less 1 MiB. */
const PACKED_THRESHOLD_MAX = 2n ** 32n - 2n ** 20n;
/** How much of an unknown subcommand's name an error repeats. */
const NAME_LENGTH_MAX = 128;

/** A subcommand: how many arguments `DEBUG name ...` has, and what it does. */
interface Subcommand {
  readonly name: string;
  readonly count_min: number;
  readonly count_max: number;
  readonly run: (ctx: Context) => void | Promise<void>;
}

const HELP = [
  "CHANGE-REPL-ID",
  "    Accepted: there are no replicas that could notice.",
  "CONFIG-REWRITE-FORCE-ALL",
  "    Like CONFIG REWRITE, but defaults are written as well.",
  "DIGEST",
  "    Return a digest of all data: the same as that of any Redis with the same data.",
  "DIGEST-VALUE <key> [<key> ...]",
  "    Return a digest of the value of each key.",
  "ERROR <string>",
  "    Return <string> as an error.",
  "LOADAOF",
  "    Empty the server and load the data back from the append-only file.",
  "OBJECT <key>",
  "    Show how the value of <key> is kept.",
  "POPULATE <count> [<prefix>] [<size>]",
  "    Create <count> keys <prefix>:0, <prefix>:1 ... (prefix: key), but for those that exist, with",
  "    values value:0 ... or of <size> bytes. Unlike in Redis they are logged.",
  "PROTOCOL <type>",
  "    Reply with a value of the type: string, integer, double, bignum, null, array, set, map,",
  "    attrib, push, verbatim, true, false.",
  "QUICKLIST-PACKED-THRESHOLD <size>",
  "    Accepted: lists have no such threshold.",
  "RELOAD [<option> ...]",
  "    The same as LOADAOF.",
  "SET-ACTIVE-EXPIRE <0|1>",
  "    Switch the removal of expired keys that nobody accesses off or on.",
  "SLEEP <seconds>",
  "    Stop the server for so long. Decimals allowed.",
];

/** The key in argument `i`, expired or not: nothing is counted or touched. */
function rawLookup({ args, db }: Context, i: number): Ref {
  return db.table.find(args.buf, args.start(i), args.end(i));
}

/** Bytes that a value takes in an RDB file, without its type. */
function serializedLength({ db, server }: Context, ref: Ref): number {
  const writer = new RdbWriter(server.config.values.rdbcompression);
  encodeValue(writer, db, ref, encodingLimits(server));
  return Math.max(writer.length - 1, 0);
}

function showObject(ctx: Context): void {
  const { db, reply } = ctx;
  const ref = rawLookup(ctx, 2);
  if (ref === NONE) return reply.error("ERR no such key");
  const lru = db.table.meta(ref);
  // The table's own address, in the place of Redis's pointer.
  reply.simple(
    `Value at:0x${(ref >>> 0).toString(16)} refcount:${refCount(db, ref)} ` +
      `encoding:${encodingName(db, ref)} serializedlength:${serializedLength(ctx, ref)} ` +
      `lru:${lru} lru_seconds_idle:${idleSeconds(lru, ctx.now_ms)}`,
  );
}

function digestValues(ctx: Context): void {
  const { args, db, reply } = ctx;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const ref = rawLookup(ctx, i);
    reply.simple(ref === NONE ? NO_DIGEST : digestText(valueDigest(db, ref)));
  }
}

/** RELOAD and LOADAOF: afterwards the data is what the log says. */
function reload(ctx: Context): void | Promise<void> {
  if (ctx.mayWait) return reloadNow(ctx);
  // What EXEC has changed so far is in no log yet, and nobody may come between the rest of it.
  ctx.reply.error("ERR DEBUG RELOAD and LOADAOF cannot be part of a transaction");
}

async function reloadNow({ reply, server }: Context): Promise<void> {
  try {
    await server.persistence.reload();
    reply.ok();
  } catch (error) {
    const text = messageOf(error);
    reply.error(text.startsWith("ERR ") ? text : `ERR ${text}`);
  }
}

function reloadAs(ctx: Context): void | Promise<void> {
  for (let i = 2; i < ctx.args.count; i++) {
    const isKnown = ["MERGE", "NOFLUSH", "NOSAVE"].some((word) => ctx.args.is(i, word));
    if (isKnown) continue;
    const known = "DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
    return ctx.reply.error(`ERR ${known}`);
  }
  return reload(ctx);
}

function packedThreshold({ args, reply }: Context): void {
  const size_bytes = parseMemorySize(args.text(2));
  if (size_bytes !== undefined && size_bytes <= PACKED_THRESHOLD_MAX) return reply.ok();
  reply.error("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
}

function setActiveExpire({ args, reply, server }: Context): void {
  server.activeExpiry = (parseInt(args.text(2), 10) || 0) !== 0; // as atoi reads it
  reply.ok();
}

function sleep({ args, reply, server }: Context): void {
  const duration_ms = (parseFloat(args.text(2)) || 0) * 1000; // as strtod reads it
  if (duration_ms > 0) server.clock.block(duration_ms);
  reply.ok();
}

const ANY = Number.MAX_SAFE_INTEGER;

const SUBCOMMANDS: readonly Subcommand[] = [
  sub("CHANGE-REPL-ID", 2, 2, ({ reply }) => reply.ok()),
  sub("CONFIG-REWRITE-FORCE-ALL", 2, 2, (ctx) => rewriteConfig(ctx, { all: true })),
  sub("DIGEST", 2, 2, ({ reply, server }) => reply.simple(datasetDigest(server.keyspace))),
  sub("DIGEST-VALUE", 2, ANY, digestValues),
  sub("ERROR", 3, 3, ({ args, reply }) => reply.error(args.text(2))),
  sub("HELP", 2, 2, ({ reply }) => replyHelp(reply, "DEBUG", HELP)),
  sub("LOADAOF", 2, ANY, reload),
  sub("OBJECT", 3, ANY, showObject),
  sub("POPULATE", 3, 5, populate),
  sub("PROTOCOL", 3, 3, replyOfType),
  sub("QUICKLIST-PACKED-THRESHOLD", 3, 3, packedThreshold),
  sub("RELOAD", 2, ANY, reloadAs),
  sub("SET-ACTIVE-EXPIRE", 3, 3, setActiveExpire),
  sub("SLEEP", 3, 3, sleep),
];

function sub(
  name: string,
  count_min: number,
  count_max: number,
  run: Subcommand["run"],
): Subcommand {
  return { name, count_min, count_max, run };
}

function isAllowed({ client, server }: Context): boolean {
  const permission = server.config.values["enable-debug-command"];
  return permission === "yes" || (permission === "local" && client.link?.isLocal === true);
}

/** DEBUG. */
export const debugCommand: Command = command({
  name: "debug",
  arity: -2,
  flags: ["admin", "noscript", "loading", "stale"],
  group: "server",
  since: "1.0.0",
  summary: "Looks below the surface: for tests.",
  complexity: "Depends on the subcommand.",
  syntax: "",
  run(ctx) {
    const { args, reply } = ctx;
    if (!isAllowed(ctx)) return reply.error(NOT_ALLOWED);
    const chosen = SUBCOMMANDS.find(({ name, count_min, count_max }) =>
      args.is(1, name) && args.count >= count_min && args.count <= count_max
    );
    if (chosen !== undefined) return chosen.run(ctx);
    const name = args.text(1).slice(0, NAME_LENGTH_MAX);
    reply.error(
      `ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.`,
    );
  },
});
