/**
 * MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * The dispatcher queues commands while {@linkcode Client.transaction} is set; EXEC runs them, and
 * what they change is one unit for the log.
 */

import type { Client } from "./client.ts";
import { command, keysFrom } from "./command.ts";
import type { Context } from "./context.ts";
import { Transaction } from "./transaction.ts";
import { WatchedKey } from "./watched_key.ts";

const EXEC_ABORT = "EXECABORT Transaction discarded because of previous errors.";

const multi = command({
  name: "multi",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  acl: ["transaction"],
  group: "transactions",
  since: "1.2.0",
  summary: "Starts a transaction: what follows is queued for EXEC.",
  complexity: "O(1)",
  syntax: "",
  run({ client, reply }) {
    if (client.transaction !== undefined) {
      return reply.error("ERR MULTI calls can not be nested");
    }
    client.transaction = Transaction.begin();
    reply.ok();
  },
});

const exec = command({
  name: "exec",
  arity: 1,
  flags: ["noscript", "loading", "stale", "skip_slowlog"],
  acl: ["transaction"],
  group: "transactions",
  since: "1.2.0",
  summary: "Runs all queued commands at once, unless a watched key has changed.",
  complexity: "Depends on commands in the transaction",
  syntax: "",
  run(ctx) {
    const { client, reply } = ctx;
    const { transaction } = client;
    if (transaction === undefined) return reply.error("ERR EXEC without MULTI");
    for (const watched of client.watchedKeys.values()) watched.check();
    if (transaction.failed || client.dirty) {
      if (transaction.failed) reply.error(EXEC_ABORT);
      else reply.nullArray();
      return endTransaction(client);
    }
    client.transaction = undefined;
    client.unwatchAll();
    // With CLIENT REPLY OFF there is no reply; a CLIENT REPLY ON in the queue begins them anew.
    if (client.replyMode !== "off") reply.array(transaction.commands.length);
    client.executing = transaction;
    const end = () => {
      client.executing = undefined;
      transaction.end();
    };
    let done: Promise<void> | undefined;
    try {
      done = runAll(ctx, transaction);
    } finally {
      if (done === undefined) end();
    }
    return done?.finally(end);
  },
});

const discard = command({
  name: "discard",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  acl: ["transaction"],
  group: "transactions",
  since: "2.0.0",
  summary: "Forgets all queued commands and ends WATCH.",
  complexity: "O(N), when N is the number of queued commands",
  syntax: "",
  run({ client, reply }) {
    if (client.transaction === undefined) return reply.error("ERR DISCARD without MULTI");
    endTransaction(client);
    reply.ok();
  },
});

const watch = command({
  name: "watch",
  arity: -2,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  acl: ["transaction"],
  keys: [keysFrom(1, -1, 1, "RO")],
  group: "transactions",
  since: "2.2.0",
  summary: "Makes the next EXEC fail if one of these keys changes before it.",
  complexity: "O(1) for every key.",
  syntax: "key [key ...]",
  run({ args, client, reply }) {
    if (client.transaction !== undefined) {
      return reply.error("ERR WATCH inside MULTI is not allowed");
    }
    if (!client.dirty) { // otherwise EXEC will fail anyway
      for (let i = 1; i < args.count; i++) {
        watchKey(client, args.text(i));
      }
    }
    reply.ok();
  },
});

const unwatch = command({
  name: "unwatch",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  acl: ["transaction"],
  group: "transactions",
  since: "2.2.0",
  summary: "Ends WATCH for all keys.",
  complexity: "O(1)",
  syntax: "",
  run({ client, reply }) {
    client.unwatchAll();
    reply.ok();
  },
});

/** MULTI and what belongs to it. */
export const transactionCommands = [multi, exec, discard, watch, unwatch] as const;

/** Ends the transaction and WATCH of a client. */
export function endTransaction(client: Client): void {
  client.transaction?.end();
  client.transaction = undefined;
  client.unwatchAll();
}

function watchKey(client: Client, key: string): void {
  const { db, watchedKeys } = client;
  const id = WatchedKey.id(db, key);
  if (!watchedKeys.has(id)) watchedKeys.set(id, new WatchedKey(client, db, key));
}

/** Runs queued commands in order; one that suspends holds up the rest. */
function runAll(
  ctx: Context,
  queued: Transaction,
  from = 0,
): Promise<void> | undefined {
  for (let i = from; i < queued.commands.length; i++) {
    const done = ctx.server.call(ctx, queued.commands[i], queued.args(i));
    if (done !== undefined) return done.then(() => runAll(ctx, queued, i + 1));
  }
  return undefined;
}
