/**
 * WAIT and WAITAOF: until what this client has changed is safe elsewhere, or on stable storage.
 *
 *     SET k v
 *     WAITAOF 1 0 5000      1, 0: the log holds it, and an fsync has covered it; no replicas
 *
 * There are no replicas: whoever asks for some waits until the time is over. Under `appendfsync no`
 * only an fsync that happens for another reason ends a wait; WAITAOF does not force one (as Redis).
 */

import { type Command, command } from "./command.ts";
import type { Context, Persistence } from "./context.ts";
import { waitMilliseconds } from "./wait_time.ts";

const LOCAL_RANGE = "ERR value is out of range, must be between 0 and 1";
const NEGATIVE = "ERR value is out of range, must be positive";
const NO_LOG = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

const wait = command({
  name: "wait",
  arity: 3,
  flags: ["noscript"],
  acl: ["connection"],
  group: "generic",
  since: "3.0.0",
  summary: "Waits until replicas have what this connection has written.",
  complexity: "O(1)",
  syntax: "numreplicas timeout",
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  run(ctx) {
    const { reply, server } = ctx;
    const replicas = ctx.integer(1);
    if (replicas === undefined) return;
    const timeout_ms = waitMilliseconds(ctx, 2);
    if (timeout_ms === undefined) return;

    if (replicas <= 0) return reply.integer(0);
    return server.blocking.wait(ctx, [], timeout_ms, neverByKey, () => reply.integer(0));
  },
});

const waitAof = command({
  name: "waitaof",
  arity: 4,
  flags: ["noscript"],
  acl: ["connection"],
  group: "generic",
  since: "7.2.0",
  summary: "Waits until what this connection has written is on stable storage.",
  complexity: "O(1)",
  syntax: "numlocal numreplicas timeout",
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  run(ctx) {
    const { reply, server } = ctx;
    const local = ctx.integer(1);
    if (local === undefined) return;
    if (local < 0 || local > 1) return reply.error(LOCAL_RANGE);
    const replicas = ctx.integer(2);
    if (replicas === undefined) return;
    if (replicas < 0) return reply.error(NEGATIVE);
    const timeout_ms = waitMilliseconds(ctx, 3);
    if (timeout_ms === undefined) return;

    if (local === 1 && !server.config.values.appendonly) return reply.error(NO_LOG);
    const position = ctx.client.lastWrite;
    if (replicas === 0 && (local === 0 || isSynced(ctx, position))) return answer(ctx, position);
    return waitFor(ctx, position, local === 1, replicas > 0, timeout_ms);
  },
});

/** WAIT, WAITAOF. */
export const waitCommands: readonly Command[] = [wait, waitAof];

/** No change of a key ends these waits. */
function neverByKey(): boolean {
  return false;
}

function isSynced({ server: { persistence, effects } }: Context, position: number): boolean {
  if (effects.pending) return false; // what the transaction has changed so far is in no log yet
  return persistence.logReady === undefined && persistence.syncedPosition >= position;
}

/** How many logs and replicas have what was written up to `position`. */
function answer(ctx: Context, position: number): void {
  ctx.reply.array(2);
  ctx.reply.integer(isSynced(ctx, position) ? 1 : 0);
  ctx.reply.integer(0);
}

/** Suspends the client until `position` is synced, if `needsLocal`, or the time is over. */
function waitFor(
  ctx: Context,
  position: number,
  needsLocal: boolean,
  needsReplicas: boolean,
  timeout_ms: number,
): Promise<void> | undefined {
  const { config, blocking, persistence } = ctx.server;
  const { client } = ctx;
  const hasLog = () => !needsLocal || config.values.appendonly;
  const reply = () => hasLog() ? answer(ctx, position) : client.reply.error(NO_LOG);
  const waits = blocking.wait(ctx, [], timeout_ms, neverByKey, reply);
  if (waits === undefined || !needsLocal) return waits;

  const { unblock } = client;
  const look = () => {
    const isDone = !needsReplicas && isSynced(ctx, position);
    const stillWaits = unblock !== undefined && client.unblock === unblock;
    if (stillWaits && (isDone || !hasLog())) unblock("timeout");
  };
  whenSynced(persistence, position).then(look, look);
  return waits;
}

/** A log that was turned on just now counts once its base is complete. */
async function whenSynced(persistence: Persistence, position: number): Promise<void> {
  await persistence.logReady;
  await persistence.whenSynced(position);
}
