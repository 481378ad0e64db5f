/**
 * CLIENT. Here: GETNAME, HELP, ID, NO-EVICT, REPLY, SETNAME. In files of their own: LIST and INFO,
 * KILL, PAUSE with UNPAUSE and UNBLOCK, and TRACKING with what belongs to it.
 */

import { clientKill } from "./client_kill.ts";
import { clientListCommands } from "./client_list.ts";
import { isValidName, NAME_ERROR } from "./client_name.ts";
import { clientPauseCommands } from "./client_pause.ts";
import { clientSubcommand } from "./client_subcommand.ts";
import { clientTrackingCommands } from "./client_tracking.ts";
import { command } from "./command.ts";
import { SYNTAX_ERROR } from "./context.ts";
import { replyHelp } from "./help.ts";

const getName = clientSubcommand({
  name: "getname",
  arity: 2,
  since: "2.6.9",
  summary: "Returns the name of this connection.",
  complexity: "O(1)",
  syntax: "",
  run({ client, reply }) {
    if (client.name === "") reply.null();
    else reply.bulkText(client.name);
  },
});

const setName = clientSubcommand({
  name: "setname",
  arity: 3,
  since: "2.6.9",
  summary: "Names this connection.",
  complexity: "O(1)",
  syntax: "connection-name",
  run({ args, client, reply }) {
    const name = args.text(2);
    if (!isValidName(name)) return reply.error(NAME_ERROR);

    client.name = name;
    reply.ok();
  },
});

const id = clientSubcommand({
  name: "id",
  arity: 2,
  since: "5.0.0",
  summary: "Returns the number of this connection.",
  complexity: "O(1)",
  syntax: "",
  run({ client, reply }) {
    reply.integer(client.id);
  },
});

const noEvict = clientSubcommand({
  name: "no-evict",
  arity: 3,
  admin: true,
  since: "7.0.0",
  summary: "Protects this connection when clients are closed for want of memory.",
  complexity: "O(1)",
  syntax: "<ON | OFF>",
  run({ args, client, reply }) {
    const on = args.is(2, "ON");
    if (!on && !args.is(2, "OFF")) return reply.error(SYNTAX_ERROR);

    client.noEvict = on;
    reply.ok();
  },
});

const replyMode = clientSubcommand({
  name: "reply",
  arity: 3,
  since: "3.2.0",
  summary: "Tells whether this connection wants replies: always, never, or not the next one.",
  complexity: "O(1)",
  syntax: "<ON | OFF | SKIP>",
  run({ args, client, reply }) {
    if (args.is(2, "ON")) {
      client.replyMode = "on";
      reply.ok();
    } else if (args.is(2, "OFF")) {
      client.replyMode = "off";
    } else if (args.is(2, "SKIP")) {
      if (client.replyMode !== "off") client.replyMode = "skip-next";
    } else {
      reply.error(SYNTAX_ERROR);
    }
  },
});

const help = command({
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  acl: ["connection"],
  group: "connection",
  since: "5.0.0",
  summary: "Explains the subcommands.",
  complexity: "O(1)",
  syntax: "",
  run({ reply }) {
    replyHelp(reply, "CLIENT", HELP);
  },
});

/** CLIENT and its subcommands. */
export const clientCommand = command({
  name: "client",
  arity: -2,
  flags: [],
  group: "connection",
  since: "2.4.0",
  summary: "Holds the commands about connections.",
  complexity: "Depends on subcommand.",
  syntax: "",
  subcommands: [
    getName,
    setName,
    id,
    noEvict,
    replyMode,
    help,
    clientKill,
    ...clientListCommands,
    ...clientPauseCommands,
    ...clientTrackingCommands,
  ],
});

/** What Redis 7.0 prints. */
const HELP: readonly string[] = [
  "CACHING (YES|NO)",
  "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
  "GETREDIR",
  "    Return the client ID we are redirecting to when tracking is enabled.",
  "GETNAME",
  "    Return the name of the current connection.",
  "ID",
  "    Return the ID of the current connection.",
  "INFO",
  "    Return information about the current client connection.",
  "KILL <ip:port>",
  "    Kill connection made from <ip:port>.",
  "KILL <option> <value> [<option> <value> [...]]",
  "    Kill connections. Options are:",
  "    * ADDR (<ip:port>|<unixsocket>:0)",
  "      Kill connections made from the specified address",
  "    * LADDR (<ip:port>|<unixsocket>:0)",
  "      Kill connections made to specified local address",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Kill connections by type.",
  "    * USER <username>",
  "      Kill connections authenticated by <username>.",
  "    * SKIPME (YES|NO)",
  "      Skip killing current connection (default: yes).",
  "LIST [options ...]",
  "    Return information about client connections. Options:",
  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
  "      Return clients of specified type.",
  "UNPAUSE",
  "    Stop the current client pause, resuming traffic.",
  "PAUSE <timeout> [WRITE|ALL]",
  "    Suspend all, or just write, clients for <timeout> milliseconds.",
  "REPLY (ON|OFF|SKIP)",
  "    Control the replies sent to the current connection.",
  "SETNAME <name>",
  "    Assign the name <name> to the current connection.",
  "UNBLOCK <clientid> [TIMEOUT|ERROR]",
  "    Unblock the specified blocked client.",
  "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
  "         [OPTIN] [OPTOUT] [NOLOOP]",
  "    Control server assisted client side caching.",
  "TRACKINGINFO",
  "    Report tracking status for the current connection.",
  "NO-EVICT (ON|OFF)",
  "    Protect current client connection from eviction.",
];
