/** CLIENT PAUSE, UNPAUSE, UNBLOCK: who has to wait, and who need not any longer. */

import { clientSubcommand, unknownOrWrongCount } from "./client_subcommand.ts";
import { NOT_AN_INTEGER } from "./context.ts";

const BAD_TIMEOUT = "ERR timeout is not an integer or out of range";
const NEGATIVE_TIMEOUT = "ERR timeout is negative";
const BAD_MODE = "ERR CLIENT PAUSE mode must be WRITE or ALL";
const BAD_REASON = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
/** The last moment that Redis's clock, an int64 of milliseconds, can tell. */
const LAST_MOMENT_MS = (1n << 63n) - 1n;

const pause = clientSubcommand({
  name: "pause",
  arity: -3,
  admin: true,
  since: "2.9.50",
  summary: "Serves no commands, or none that write, for a while.",
  complexity: "O(1)",
  syntax: "timeout [WRITE | ALL]",
  history: [["6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."]],
  run({ args, server, reply }) {
    if (args.count > 4) return reply.error(unknownOrWrongCount(args.text(1)));
    const writesOnly = args.count === 4 && args.is(3, "WRITE");
    if (args.count === 4 && !writesOnly && !args.is(3, "ALL")) return reply.error(BAD_MODE);
    const timeout_ms = args.int64(2);
    if (timeout_ms === undefined) return reply.error(BAD_TIMEOUT);
    if (timeout_ms < 0) return reply.error(NEGATIVE_TIMEOUT);

    const now_ms = server.clock.now_ms();
    // An end that Redis's clock cannot tell is none to wait for: it wraps around into the past.
    const isTold = BigInt(timeout_ms) <= LAST_MOMENT_MS - BigInt(Math.ceil(now_ms));
    if (isTold) server.clients.pause(now_ms + Number(timeout_ms), writesOnly);
    reply.ok();
  },
});

const unpause = clientSubcommand({
  name: "unpause",
  arity: 2,
  admin: true,
  since: "6.2.0",
  summary: "Ends CLIENT PAUSE.",
  complexity: "O(N) Where N is the number of paused clients",
  syntax: "",
  run({ server, reply }) {
    server.clients.pause(0, false);
    reply.ok();
  },
});

const unblock = clientSubcommand({
  name: "unblock",
  arity: -3,
  admin: true,
  since: "5.0.0",
  summary: "Ends the wait of a client in a blocking command.",
  complexity: "O(log N) where N is the number of client connections",
  syntax: "client-id [TIMEOUT | ERROR]",
  run({ args, server, reply }) {
    if (args.count > 4) return reply.error(unknownOrWrongCount(args.text(1)));
    const asError = args.count === 4 && args.is(3, "ERROR");
    if (args.count === 4 && !asError && !args.is(3, "TIMEOUT")) return reply.error(BAD_REASON);
    const id = args.int64(2);
    if (id === undefined) return reply.error(NOT_AN_INTEGER);

    const unblock = server.clients.find(Number(id))?.unblock;
    unblock?.(asError ? "error" : "timeout");
    reply.integer(unblock === undefined ? 0 : 1);
  },
});

/** CLIENT PAUSE, UNPAUSE and UNBLOCK. */
export const clientPauseCommands = [pause, unpause, unblock] as const;
