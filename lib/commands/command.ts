/**
 * The command record: a command is described once, as data, beside the function that runs it.
 * Dispatch, arity checks, COMMAND, COMMAND DOCS, key extraction, ACL categories and the README's
 * table all come from here.
 *
 *     const get = command({
 *       name: "get", arity: 2, flags: ["readonly", "fast"], acl: ["string"],
 *       keys: [keyAt(1, "RO ACCESS")], group: "string", since: "1.0.0",
 *       summary: "Returns the string value of a key.", complexity: "O(1)", syntax: "key",
 *       run({ args, db, reply }) { ... },
 *     });
 */

import { CommandUsage } from "./command_usage.ts";
import type { Context } from "./context.ts";

/** What a command does and where it may run, in Redis's words. */
export type CommandFlag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "fast"
  | "no_auth"
  | "may_replicate"
  | "no_mandatory_keys"
  | "no_async_loading"
  | "no_multi"
  | "movablekeys"
  | "allow_busy";

/** The group a command is documented in. */
export type CommandGroup =
  | "string"
  | "generic"
  | "connection"
  | "transactions"
  | "server"
  | "list"
  | "hash"
  | "set"
  | "sorted-set"
  | "stream"
  | "bitmap"
  | "hyperloglog"
  | "geo"
  | "pubsub"
  | "scripting";

/** Where in the arguments some of a command's keys stand, as COMMAND INFO tells it. */
export interface KeySpec {
  /** Redis's words on how the keys are used: `RW`, `RO`, `OW`, `RM`, `ACCESS`, `UPDATE` ... */
  readonly flags: readonly string[];
  /** The search begins at an argument, or behind a word looked for from an argument on. */
  readonly begin:
    | { readonly index: number }
    | { readonly keyword: string; readonly from: number }
    | "unknown";
  /**
   * The keys: from there to `last` (relative to the first; negative: from the end) every `step`-th,
   * only the first 1/`limit` of them if `limit` > 1; or a count stands first.
   */
  readonly find:
    | { readonly last: number; readonly step: number; readonly limit: number }
    | { readonly countAt: number; readonly firstKey: number; readonly step: number }
    | "unknown";
  /** A remark that COMMAND INFO carries along. */
  readonly notes?: string;
}

/** One key at argument `index`; `flags` is a list in one string: `"RO ACCESS"`. */
export function keyAt(index: number, flags: string, notes?: string): KeySpec {
  return keysFrom(index, 0, 1, flags, notes);
}

/** Keys from argument `index` on: to `last` relative to it (-1: the last argument), every `step`-th. */
export function keysFrom(
  index: number,
  last: number,
  step: number,
  flags: string,
  notes?: string,
): KeySpec {
  return { flags: flags.split(" "), begin: { index }, find: { last, step, limit: 0 }, notes };
}

/** A count at argument `index`, and that many keys behind it. */
export function countedKeys(index: number, flags: string): KeySpec {
  return {
    flags: flags.split(" "),
    begin: { index },
    find: { countAt: 0, firstKey: 1, step: 1 },
  };
}

/** What is written down about a command. */
export interface CommandRecord {
  /** In small letters; of a subcommand, the second word only. */
  readonly name: string;
  /** How many arguments, the name included; negative: at least so many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** ACL categories that do not follow from the flags, without `@`. */
  readonly acl?: readonly string[];
  readonly keys?: readonly KeySpec[];
  readonly group: CommandGroup;
  /** Version of Redis that brought it. */
  readonly since: string;
  readonly summary: string;
  readonly complexity: string;
  /** The arguments in the notation of Redis's manual: `key value [NX | XX] [EX seconds]`. */
  readonly syntax: string;
  /** Hints for clients and proxies, as COMMAND INFO has them. */
  readonly tips?: readonly string[];
  /** Set if a later command took its place. */
  readonly deprecated?: { readonly since: string; readonly replacedBy: string };
  /** Changes: version and what it brought. */
  readonly history?: readonly (readonly [version: string, change: string])[];
  /** The commands whose second word is one of these names. */
  readonly subcommands?: readonly Command[];
  /**
   * Offsets of the keys where the key specs cannot tell (SORT ... STORE): called with checked arity.
   */
  readonly findKeys?: (args: Context["args"]) => number[];
  /**
   * Runs the command: first reads and validates its arguments, then acts and replies. A promise
   * suspends the connection until it settles. Missing in a container of subcommands.
   */
  readonly run?: (ctx: Context) => void | Promise<void>;
}

/** A command that is ready to be looked up. */
export interface Command extends CommandRecord {
  /** The name as shown: `get`, `config|get`. */
  readonly fullName: string;
  /** Whether it changes data (`write`). */
  readonly isWrite: boolean;
  /** Subcommands by name in small letters. */
  readonly subcommandTable?: ReadonlyMap<string, Command>;
  /** Figures for INFO commandstats. */
  readonly usage: CommandUsage;
}

/** Makes a command from its record. */
export function command(record: CommandRecord): Command {
  const subcommands = record.subcommands?.map((child) => ({
    ...child,
    fullName: `${record.name}|${child.name}`,
  }));
  return {
    ...record,
    subcommands,
    fullName: record.name,
    isWrite: record.flags.includes("write"),
    subcommandTable: subcommands && new Map(subcommands.map((child) => [child.name, child])),
    usage: new CommandUsage(),
  };
}
