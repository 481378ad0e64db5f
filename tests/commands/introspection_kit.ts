/** Replies as plain values, so that what COMMAND says can be compared piece by piece. */

import type { Server } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import type { Reply } from "../kit/resp_reply.ts";

/** A reply without its wire form; sets of words are sorted, since their order means nothing. */
export type Plain = string | number | bigint | boolean | null | Plain[] | { [name: string]: Plain };

/** The plain value of a reply in RESP3. */
export function plain(reply: Reply): Plain {
  switch (reply.type) {
    case "null":
      return null;
    case "map":
      return Object.fromEntries(
        reply.entries.map(([name, value]) => [String(plain(name)), plain(value)]),
      );
    case "set":
      return sorted(reply.items.map(plain));
    case "array":
    case "push":
      return reply.items.map(plain);
    case "attribute":
      return plain(reply.reply);
    default:
      return reply.value;
  }
}

/** Key specs keep their order: arguments name them by their index. */
function sorted(items: Plain[]): Plain[] {
  return items.every((item) => typeof item === "string") ? items.sort() : items;
}

/** What COMMAND INFO says of a command, by name. */
export interface CommandFacts {
  readonly name: string;
  readonly arity: number;
  readonly flags: readonly string[];
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly categories: readonly string[];
  readonly tips: readonly string[];
  readonly keySpecs: readonly { readonly [name: string]: Plain }[];
  readonly subcommands: readonly CommandFacts[];
}

/** The facts in an entry of COMMAND INFO. */
export function commandFacts(entry: Plain): CommandFacts {
  const [name, arity, flags, first, last, step, categories, tips, keySpecs, subcommands] =
    entry as [string, number, string[], number, number, number, string[], string[], [], Plain[]];
  return {
    name,
    arity,
    flags,
    first,
    last,
    step,
    categories,
    tips,
    keySpecs,
    subcommands: subcommands.map(commandFacts),
  };
}

/** A connection that speaks RESP3. */
export async function resp3(server: Server): Promise<RespClient> {
  const client = await connect(server.port);
  await client.call("HELLO", "3");
  return client;
}

/** A reply as a plain value. */
export async function ask(client: RespClient, ...command: string[]): Promise<Plain> {
  return plain(await client.call(...command));
}
