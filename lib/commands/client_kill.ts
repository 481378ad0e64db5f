/**
 * CLIENT KILL: by address, or by filters that must all hold.
 *
 * Others are closed at once, with what was to be sent to them; whoever kills itself gets its answer
 * first.
 */

import type { Client } from "./client.ts";
import { isOfType } from "./client_list.ts";
import { clientSubcommand, type ClientType, clientType, unknownType } from "./client_subcommand.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";

const NO_SUCH_CLIENT = "ERR No such client";
const ID_NOT_POSITIVE = "ERR client-id should be greater than 0";
/** The only user there is. */
const DEFAULT_USER = "default";

/** What a client must be like; what is undefined does not matter. */
interface Filter {
  id?: number | bigint;
  type?: ClientType;
  address?: string;
  localAddress?: string;
  skipMe: boolean;
}

/** CLIENT KILL. */
export const clientKill = clientSubcommand({
  name: "kill",
  arity: -3,
  admin: true,
  since: "2.4.0",
  summary: "Closes connections.",
  complexity: "O(N) where N is the number of client connections",
  syntax: "<ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | " +
    "[USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME yes/no] ...>>",
  history: [
    ["2.8.12", "Added new filter format."],
    ["2.8.12", "`ID` option."],
    ["3.2.0", "Added `master` type in for `TYPE` option."],
    [
      "5.0.0",
      "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.",
    ],
    ["6.2.0", "`LADDR` option."],
  ],
  run(ctx) {
    const { args, reply } = ctx;
    const byAddressOnly = args.count === 3;
    const filter = byAddressOnly ? { address: args.text(2), skipMe: false } : readFilter(ctx);
    if (filter === undefined) return;

    const killed = killAll(ctx, filter);
    if (!byAddressOnly) reply.integer(killed);
    else if (killed === 0) reply.error(NO_SUCH_CLIENT);
    else reply.ok();
  },
});

/** Reads pairs of a filter and its value; undefined: an error has been answered. */
function readFilter({ args, reply }: Context): Filter | undefined {
  const filter: Filter = { skipMe: true };
  for (let i = 2; i < args.count; i += 2) {
    const value = i + 1;
    if (value === args.count) return void reply.error(SYNTAX_ERROR);
    if (args.is(i, "ID")) {
      filter.id = args.int64(value);
      if (filter.id === undefined || filter.id < 1) return void reply.error(ID_NOT_POSITIVE);
    } else if (args.is(i, "TYPE")) {
      filter.type = clientType(args.text(value));
      if (filter.type === undefined) return void reply.error(unknownType(args.text(value)));
    } else if (args.is(i, "ADDR")) {
      filter.address = args.text(value);
    } else if (args.is(i, "LADDR")) {
      filter.localAddress = args.text(value);
    } else if (args.is(i, "USER")) {
      const user = args.text(value);
      if (user !== DEFAULT_USER) return void reply.error(`ERR No such user '${user}'`);
    } else if (args.is(i, "SKIPME") && (args.is(value, "YES") || args.is(value, "NO"))) {
      filter.skipMe = args.is(value, "YES");
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  return filter;
}

/** Closes who fits; returns how many. */
function killAll({ client: self, server }: Context, filter: Filter): number {
  const fitting = [...server.clients.all()].filter((client) => fits(client, self, filter));
  for (const client of fitting) {
    if (client === self) self.closing = true;
    else client.link?.close(false);
  }
  return fitting.length;
}

function fits(client: Client, self: Client, filter: Filter): boolean {
  const { id, type, address, localAddress, skipMe } = filter;
  return (id === undefined || client.id === Number(id)) &&
    (type === undefined || isOfType(client, type)) &&
    (address === undefined || client.link?.address === address) &&
    (localAddress === undefined || client.link?.localAddress === localAddress) &&
    (client !== self || !skipMe);
}
