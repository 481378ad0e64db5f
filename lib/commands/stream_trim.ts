/**
 * The options that XADD and XTRIM share: how far a stream is to be trimmed, and how that is logged.
 *
 *     [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]]
 */

import type { Part } from "../resp/encoder.ts";
import type { Stream } from "../types/stream/stream.ts";
import { EXACT, idText, parseId, parseOpenId, type StreamId } from "../types/stream/stream_id.ts";
import type { Uint64 } from "../types/stream/uint64.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { INVALID_ID, readId } from "./stream_kit.ts";

const BOTH_STRATEGIES =
  "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
const LIMIT_ALONE = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
const LIMIT_EXACT = "ERR syntax error, LIMIT cannot be used without the special ~ option";

/** Chunks that approximate trimming removes at most where no LIMIT is given ... */
const DEFAULT_CHUNKS_MAX = 100;
/** ... and how many entries these are taken for if their number has no limit ... */
const DEFAULT_LIMIT = 10_000;
/** ... or a large one. */
const DEFAULT_LIMIT_MAX = 1_000_000;

/** How far to trim. */
interface Trim {
  /** Entries to be left, or the first ID to be left. */
  readonly threshold: number | bigint | StreamId;
  /** `~`: whole chunks only. */
  readonly wholeOnly: boolean;
  /** The argument that the threshold is. */
  readonly at: number;
}

/** The options of one XADD or XTRIM. */
export class TrimOptions {
  trim: Trim | undefined;
  /** Entries to be removed at most; 0: no limit. */
  limit: number | bigint = 0;
  noMkStream = false;
  /** XADD: the argument that the ID is. */
  idAt = 0;
  /** XADD: the ID in full ... */
  id: StreamId | undefined;
  /** ... or its milliseconds only (`5-*`); neither: `*`. */
  openId: Uint64 | undefined;

  /** Trims the stream; returns how many entries went. */
  apply(stream: Stream): number {
    if (this.trim === undefined) return 0;
    const { threshold, wholeOnly } = this.trim;
    return typeof threshold === "object"
      ? stream.trimBelow(threshold, wholeOnly, this.limit)
      : stream.trimToLength(threshold, wholeOnly, this.limit);
  }

  /** Makes what was trimmed exact in a command to be logged: `parts` are its arguments. */
  makeExact(parts: Part[], stream: Stream): void {
    if (this.trim === undefined || !this.trim.wholeOnly) return;
    const { threshold, at } = this.trim;
    parts[at - 1] = "=";
    parts[at] = typeof threshold === "object" ? idText(stream.firstStoredId) : stream.length;
  }
}

/** Reads the options from argument 2 on, and XADD's ID; or answers an error. */
export function readTrimOptions(ctx: Context, isAdd: boolean): TrimOptions | undefined {
  const { args, reply } = ctx;
  const options = new TrimOptions();
  let limitGiven = false;
  for (let i = 2; i < args.count; i++) {
    const more = args.count - 1 - i;
    if (isAdd && args.is(i, "*")) {
      options.idAt = i;
      break;
    } else if ((args.is(i, "MAXLEN") || args.is(i, "MINID")) && more > 0) {
      if (options.trim !== undefined) return void reply.error(BOTH_STRATEGIES);
      options.trim = readTrim(ctx, i, more);
      if (options.trim === undefined) return undefined;
      i = options.trim.at;
    } else if (args.is(i, "LIMIT") && more > 0) {
      const limit = ctx.integer(i + 1);
      if (limit === undefined) return undefined;
      if (limit < 0) return void reply.error("ERR The LIMIT argument must be >= 0.");
      options.limit = limit;
      limitGiven = true;
      i++;
    } else if (isAdd && args.is(i, "NOMKSTREAM")) {
      options.noMkStream = true;
    } else if (isAdd) {
      if (!readNewId(ctx, options, i)) return undefined;
      break;
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  return checkLimit(ctx, options, isAdd, limitGiven) ? options : undefined;
}

function readTrim(ctx: Context, i: number, more: number): Trim | undefined {
  const { args, reply } = ctx;
  const isLength = args.is(i, "MAXLEN");
  const wholeOnly = more >= 2 && args.is(i + 1, "~");
  const at = wholeOnly || (more >= 2 && args.is(i + 1, "=")) ? i + 2 : i + 1;
  const threshold = isLength ? ctx.integer(at) : readId(ctx, at);
  if (threshold === undefined) return undefined;
  if (isLength && (threshold as number | bigint) < 0) {
    return void reply.error("ERR The MAXLEN argument must be >= 0.");
  }
  return { threshold, wholeOnly, at };
}

function readNewId({ args, reply }: Context, options: TrimOptions, i: number): boolean {
  const start = args.start(i);
  const end = args.end(i);
  options.idAt = i;
  options.id = parseId(args.buf, start, end, EXACT);
  if (options.id === undefined) options.openId = parseOpenId(args.buf, start, end);
  if (options.id !== undefined || options.openId !== undefined) return true;
  reply.error(INVALID_ID);
  return false;
}

/** Whether LIMIT is in its place; sets the limit that holds. */
function checkLimit(
  ctx: Context,
  options: TrimOptions,
  isAdd: boolean,
  limitGiven: boolean,
): boolean {
  const { reply, server } = ctx;
  const { trim } = options;
  if (options.limit > 0 && trim === undefined) return reply.error(LIMIT_ALONE), false;
  if (!isAdd && trim === undefined) {
    return reply.error("ERR syntax error, XTRIM must be called with a trimming strategy"), false;
  }
  if (ctx.client.isReplay) { // the log says exactly what was trimmed
    options.limit = 0;
    return true;
  }
  if (limitGiven) {
    if (trim?.wholeOnly) return true;
    return reply.error(LIMIT_EXACT), false;
  }
  if (!trim?.wholeOnly) return true;
  const entries_max = server.config.values["stream-node-max-entries"];
  const limit = DEFAULT_CHUNKS_MAX * entries_max;
  options.limit = limit <= 0 ? DEFAULT_LIMIT : Math.min(limit, DEFAULT_LIMIT_MAX);
  return true;
}
