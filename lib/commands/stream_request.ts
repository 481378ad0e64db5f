/** What XREAD and XREADGROUP are asked for: their options, streams and IDs. */

import { compareIds, EXACT, ID_MAX, ID_MIN, type StreamId } from "../types/stream/stream_id.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { groupIn, isPrinted, printed, readId, streamIn } from "./stream_kit.ts";
import { waitMilliseconds } from "./wait_time.ts";

/** Redis's text, which is the same for XREADGROUP. */
const UNBALANCED =
  "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be " +
  "specified.";

const DOLLAR = 0x24;
const GREATER = 0x3e;

/** The ID that stands for `>`: what the group has not read yet. */
export const NEW_ENTRIES: StreamId = ID_MAX;

/** The arguments of XREAD or XREADGROUP. */
export interface Request {
  /** Entries of each stream at most; 0: no limit. */
  count: number | bigint;
  /** How long to wait; 0: for ever, -1: not at all. */
  timeout_ms: number;
  /** Of XREADGROUP: the argument that names the group, before that with the consumer; 0: none. */
  groupArg: number;
  noAck: boolean;
  /** The argument that is the first key. */
  firstKey: number;
  streamCount: number;
  /** For each stream the ID behind which entries are asked for. */
  ids: StreamId[];
}

/** Reads the options and where the keys are; or answers an error. */
export function readRequest(ctx: Context, isGroup: boolean): Request | undefined {
  const { args, reply } = ctx;
  const request: Request = {
    count: 0,
    timeout_ms: -1,
    groupArg: 0,
    noAck: false,
    firstKey: 0,
    streamCount: 0,
    ids: [],
  };
  for (let i = 1; i < args.count && request.firstKey === 0; i++) {
    const more = args.count - 1 - i;
    if (args.is(i, "BLOCK") && more > 0) {
      if (!readTimeout(ctx, request, ++i)) return undefined;
    } else if (args.is(i, "COUNT") && more > 0) {
      const count = ctx.integer(++i);
      if (count === undefined) return undefined;
      request.count = count < 0 ? 0 : count;
    } else if (args.is(i, "STREAMS") && more > 0) {
      if (more % 2 !== 0) return void reply.error(UNBALANCED);
      request.firstKey = i + 1;
      request.streamCount = more / 2;
    } else if (args.is(i, "GROUP") && more >= 2) {
      if (!isGroup) return void reply.error(onlyForGroups("GROUP"));
      request.groupArg = i + 1;
      i += 2;
    } else if (args.is(i, "NOACK")) {
      if (!isGroup) return void reply.error(onlyForGroups("NOACK"));
      request.noAck = true;
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  if (request.firstKey === 0) return void reply.error(SYNTAX_ERROR);
  if (isGroup && request.groupArg === 0) {
    return void reply.error("ERR Missing GROUP option for XREADGROUP");
  }
  return request;
}

function readTimeout(ctx: Context, request: Request, i: number): boolean {
  const timeout_ms = waitMilliseconds(ctx, i);
  if (timeout_ms === undefined) return false;
  request.timeout_ms = timeout_ms;
  return true;
}

/** Finds the ID behind which to read of each stream, in turn; or answers an error. */
export function resolveIds(ctx: Context, request: Request): boolean {
  for (let i = 0; i < request.streamCount; i++) {
    const id = resolveId(ctx, request, request.firstKey + i);
    if (id === undefined) return false;
    request.ids.push(id);
  }
  return true;
}

function resolveId(ctx: Context, request: Request, key: number): StreamId | undefined {
  const { args, db, reply } = ctx;
  const at = key + request.streamCount;
  const ref = db.lookup(args, key);
  if (!ctx.check(ref, "stream")) return undefined;
  const stream = streamIn(ctx, ref);
  const { groupArg } = request;
  if (groupArg > 0 && groupIn(stream, args, groupArg) === undefined) {
    return void reply.error(
      `NOGROUP No such key '${printed(args, key)}' or consumer group ` +
        `'${printed(args, groupArg)}' in XREADGROUP with GROUP option`,
    );
  }
  if (isPrinted(args, at, DOLLAR)) {
    if (groupArg === 0) return stream?.lastId ?? ID_MIN;
    return void reply.error(
      "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of " +
        "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID " +
        "would just return an empty result set.",
    );
  }
  if (isPrinted(args, at, GREATER)) {
    if (groupArg > 0) return NEW_ENTRIES;
    return void reply.error(
      "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> " +
        "<consumer> option.",
    );
  }
  const id = readId(ctx, at, EXACT);
  // In Redis the largest ID is what `>` stands for.
  return id !== undefined && compareIds(id, NEW_ENTRIES) === 0 ? NEW_ENTRIES : id;
}

function onlyForGroups(option: string): string {
  return `ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`;
}
