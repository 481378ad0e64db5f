/**
 * AUTH, ECHO, HELLO, PING, QUIT, RESET, SELECT. (CLIENT has files of its own.)
 */

import { REDIS_VERSION } from "../platform/version.ts";
import type { Client } from "./client.ts";
import { command } from "./command.ts";
import { type Context, NOT_AN_INTEGER } from "./context.ts";
import { isValidName, NAME_ERROR } from "./client_name.ts";
import { endTransaction } from "./transactions.ts";

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
const NO_PASSWORD_SET = "ERR AUTH <password> called without any password configured for the " +
  "default user. Are you sure your configuration is correct?";
const DEFAULT_USER = "default";
const BAD_PROTOCOL_VERSION = "ERR Protocol version is not an integer or out of range";
const UNKNOWN_PROTOCOL_VERSION = "NOPROTO unsupported protocol version";
const HELLO_WITHOUT_AUTH = "NOAUTH HELLO must be called with the client already authenticated, " +
  "otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and " +
  "select the RESP protocol version at the same time";
const NOT_AN_INT = "ERR value is out of range, value must between -2147483648 and 2147483647";

const auth = command({
  name: "auth",
  arity: -2,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  acl: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Authenticates the connection.",
  complexity: "O(N) where N is the number of passwords defined for the user",
  syntax: "[username] password",
  history: [["6.0.0", "Added ACL style (username and password)."]],
  run({ args, client, reply, server }) {
    if (args.count > 3) return reply.error("ERR syntax error");
    if (args.count === 2 && server.config.values.requirepass === "") {
      return reply.error(NO_PASSWORD_SET);
    }
    const user = args.count === 3 ? args.text(1) : DEFAULT_USER;
    if (!authenticate(server, client, user, args.text(args.count - 1))) {
      return reply.error(WRONG_PASSWORD);
    }
    reply.ok();
  },
});

const echo = command({
  name: "echo",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  acl: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Returns the given string.",
  complexity: "O(1)",
  syntax: "message",
  run({ args, reply }) {
    reply.bulk(args.buf, args.start(1), args.end(1));
  },
});

const hello = command({
  name: "hello",
  arity: -1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  acl: ["connection"],
  group: "connection",
  since: "6.0.0",
  summary: "Chooses the protocol version, and authenticates and names the connection on the way.",
  complexity: "O(1)",
  syntax: "[protover [AUTH username password] [SETNAME clientname]]",
  history: [[
    "6.2.0",
    "`protover` made optional; when called without arguments, " +
    "it returns information about the current connection.",
  ]],
  run(ctx) {
    const { args, client, reply } = ctx;
    const version = args.count >= 2 ? args.int64(1) : undefined;
    if (args.count >= 2) {
      if (version === undefined) return reply.error(BAD_PROTOCOL_VERSION);
      if (version !== 2 && version !== 3) return reply.error(UNKNOWN_PROTOCOL_VERSION);
    }
    // As in Redis, an option is obeyed although a later one may be refused.
    if (!obeyHelloOptions(ctx)) return;
    if (!client.authenticated) return reply.error(HELLO_WITHOUT_AUTH);

    if (version !== undefined) reply.resp3 = version === 3;
    replyServerFacts(ctx);
  },
});

const ping = command({
  name: "ping",
  arity: -1,
  flags: ["fast"],
  acl: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Returns PONG, or the given message.",
  complexity: "O(1)",
  syntax: "[message]",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  run({ args, client, reply }) {
    if (args.count > 2) return reply.error("ERR wrong number of arguments for 'ping' command");
    if (client.isRestricted) { // an answer in the form of a message
      reply.array(2);
      reply.bulkText("pong");
      if (args.count === 1) return reply.bulkText("");
    }
    if (args.count === 2) reply.bulk(args.buf, args.start(1), args.end(1));
    else reply.simple("PONG");
  },
});

const quit = command({
  name: "quit",
  arity: -1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  acl: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Closes the connection.",
  complexity: "O(1)",
  syntax: "",
  run({ client, reply }) {
    reply.ok();
    client.closing = true;
  },
});

const reset = command({
  name: "reset",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  acl: ["connection"],
  group: "connection",
  since: "6.2.0",
  summary: "Brings the connection back to the state of a new one.",
  complexity: "O(1)",
  syntax: "",
  run({ client, reply, server }) {
    endTransaction(client);
    server.pubsub.unsubscribeAll(client);
    server.monitors.remove(client);
    client.db = server.keyspace.database(0);
    client.name = "";
    if (client.replyMode === "off") client.replyMode = "on"; // a reply to be skipped stays skipped
    client.noEvict = false;
    client.authenticated = server.config.values.requirepass === "";
    reply.resp3 = false;
    reply.simple("RESET");
  },
});

const select = command({
  name: "select",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  acl: ["connection"],
  group: "connection",
  since: "1.0.0",
  summary: "Chooses the database of the connection.",
  complexity: "O(1)",
  syntax: "index",
  run({ args, client, reply, server }) {
    const index = args.int64(1);
    if (index === undefined) return reply.error(NOT_AN_INTEGER);
    if (typeof index === "bigint" || (index | 0) !== index) return reply.error(NOT_AN_INT);
    if (index < 0 || index >= server.keyspace.count) {
      return reply.error("ERR DB index is out of range");
    }
    client.db = server.keyspace.database(index);
    reply.ok();
  },
});

/** Commands about the connection itself. */
export const connectionCommands = [auth, echo, hello, ping, quit, reset, select] as const;

/** Checks a password in a time that does not depend on it; on success the client is in. */
function authenticate(
  server: Context["server"],
  client: Client,
  user: string,
  password: string,
): boolean {
  const expected = server.config.values.requirepass;
  // Without a password the default user takes any.
  const matches = expected === "" || equalInConstantTime(password, expected);
  if (user !== DEFAULT_USER || !matches) return false;
  client.authenticated = true;
  return true;
}

/** Compares in a time that depends on the given text only, so that guesses learn nothing. */
function equalInConstantTime(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let i = 0; i < given.length; i++) {
    difference |= given.charCodeAt(i) ^ expected.charCodeAt(i % expected.length);
  }
  return difference === 0;
}

/** Reads and obeys AUTH and SETNAME in their order; false: an error has been answered. */
function obeyHelloOptions({ args, client, reply, server }: Context): boolean {
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "AUTH") && i + 2 < args.count) {
      if (!authenticate(server, client, args.text(i + 1), args.text(i + 2))) {
        reply.error(WRONG_PASSWORD);
        return false;
      }
      i += 2;
    } else if (args.is(i, "SETNAME") && i + 1 < args.count) {
      const name = args.text(++i);
      if (!isValidName(name)) {
        reply.error(NAME_ERROR);
        return false;
      }
      client.name = name;
    } else {
      reply.error(`ERR Syntax error in HELLO option '${args.text(i)}'`);
      return false;
    }
  }
  return true;
}

function replyServerFacts({ client, reply }: Context): void {
  reply.map(7);
  reply.bulkText("server");
  reply.bulkText("redis");
  reply.bulkText("version");
  reply.bulkText(REDIS_VERSION);
  reply.bulkText("proto");
  reply.integer(reply.resp3 ? 3 : 2);
  reply.bulkText("id");
  reply.integer(client.id);
  reply.bulkText("mode");
  reply.bulkText("standalone");
  reply.bulkText("role");
  reply.bulkText("master");
  reply.bulkText("modules");
  reply.array(0);
}
