/**
 * CLIENT TRACKING, TRACKINGINFO, CACHING, GETREDIR: server-assisted client-side caching.
 *
 * It is not there yet: turning it on is refused, whatever the options, after they have been checked
 * as Redis checks them. All else answers as it does while tracking is off.
 */

import { clientSubcommand } from "./client_subcommand.ts";
import { type Context, NOT_AN_INTEGER, SYNTAX_ERROR } from "./context.ts";

const NOT_SUPPORTED = "ERR client-side caching is not supported yet";
const CACHING_WITHOUT_TRACKING = "ERR CLIENT CACHING can be called only when the client is in " +
  "tracking mode with OPTIN or OPTOUT mode enabled";
const TWO_REDIRECTS = "ERR A client can only redirect to a single other client";
const REDIRECT_TO_NOBODY = "ERR The client ID you want redirect to does not exist";
const PREFIX_NEEDS_BCAST = "ERR PREFIX option requires BCAST mode to be enabled";
const OPT_WITH_BCAST = "ERR OPTIN and OPTOUT are not compatible with BCAST";
const OPTIN_AND_OPTOUT = "ERR You can't specify both OPTIN mode and OPTOUT mode";

/** The options of CLIENT TRACKING. */
interface TrackingOptions {
  redirected: boolean;
  broadcast: boolean;
  optIn: boolean;
  optOut: boolean;
  readonly prefixes: string[];
}

const tracking = clientSubcommand({
  name: "tracking",
  arity: -3,
  since: "6.0.0",
  summary: "Asks to be told when keys change that this client has read.",
  complexity: "O(1). Some options may introduce additional complexity.",
  syntax: "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] " +
    "[OPTOUT] [NOLOOP]",
  run(ctx) {
    const { args, reply } = ctx;
    const options = readOptions(ctx);
    if (options === undefined) return;

    if (args.is(2, "OFF")) reply.ok();
    else if (args.is(2, "ON")) reply.error(conflictIn(options) ?? NOT_SUPPORTED);
    else reply.error(SYNTAX_ERROR);
  },
});

const trackingInfo = clientSubcommand({
  name: "trackinginfo",
  arity: 2,
  since: "6.2.0",
  summary: "Tells how CLIENT TRACKING is set for this connection.",
  complexity: "O(1)",
  syntax: "",
  run({ reply }) {
    reply.map(3);
    reply.bulkText("flags");
    reply.set(1);
    reply.bulkText("off");
    reply.bulkText("redirect");
    reply.integer(-1);
    reply.bulkText("prefixes");
    reply.array(0);
  },
});

const caching = clientSubcommand({
  name: "caching",
  arity: 3,
  since: "6.0.0",
  summary: "Tells whether the keys of the next command are to be tracked.",
  complexity: "O(1)",
  syntax: "<YES | NO>",
  run({ reply }) {
    reply.error(CACHING_WITHOUT_TRACKING);
  },
});

const getRedir = clientSubcommand({
  name: "getredir",
  arity: 2,
  since: "6.0.0",
  summary: "Returns which client gets this one's invalidation messages.",
  complexity: "O(1)",
  syntax: "",
  run({ reply }) {
    reply.integer(-1);
  },
});

/** CLIENT TRACKING, TRACKINGINFO, CACHING and GETREDIR. */
export const clientTrackingCommands = [tracking, trackingInfo, caching, getRedir] as const;

/** Reads what follows ON or OFF; undefined: an error has been answered. */
function readOptions({ args, server, reply }: Context): TrackingOptions | undefined {
  const options: TrackingOptions = {
    redirected: false,
    broadcast: false,
    optIn: false,
    optOut: false,
    prefixes: [],
  };
  for (let i = 3; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (args.is(i, "REDIRECT") && hasValue) {
      if (options.redirected) return void reply.error(TWO_REDIRECTS);
      const id = args.int64(++i);
      if (id === undefined) return void reply.error(NOT_AN_INTEGER);
      if (server.clients.find(Number(id)) === undefined) {
        return void reply.error(REDIRECT_TO_NOBODY);
      }
      options.redirected = true;
    } else if (args.is(i, "PREFIX") && hasValue) {
      options.prefixes.push(args.text(++i));
    } else if (args.is(i, "BCAST")) {
      options.broadcast = true;
    } else if (args.is(i, "OPTIN")) {
      options.optIn = true;
    } else if (args.is(i, "OPTOUT")) {
      options.optOut = true;
    } else if (!args.is(i, "NOLOOP")) {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  return options;
}

/** Why options do not go together; undefined: they do. */
function conflictIn(options: TrackingOptions): string | undefined {
  const { broadcast, optIn, optOut, prefixes } = options;
  if (!broadcast && prefixes.length > 0) return PREFIX_NEEDS_BCAST;
  if (broadcast && (optIn || optOut)) return OPT_WITH_BCAST;
  if (optIn && optOut) return OPTIN_AND_OPTOUT;
  return overlap(prefixes);
}

/** Two prefixes of which one begins the other would announce a key twice. */
function overlap(prefixes: readonly string[]): string | undefined {
  for (const [i, one] of prefixes.entries()) {
    for (const other of prefixes.slice(i + 1)) {
      if (one.startsWith(other) || other.startsWith(one)) {
        return `ERR Prefix '${one}' overlaps with another provided prefix '${other}'. ` +
          "Prefixes for a single client must not overlap.";
      }
    }
  }
  return undefined;
}
