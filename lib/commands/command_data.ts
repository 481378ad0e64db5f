/**
 * A command as data: everything about it but the function that runs it. Clients, contexts and COMMAND
 * need no more.
 */

import type { Args } from "../resp/args.ts";
import type { CommandUsage } from "./command_usage.ts";

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
  | "scripting"
  | "cluster";

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

/** What is known of a command, all but the function that runs it. */
export interface CommandData {
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
  readonly subcommands?: readonly CommandData[];
  /**
   * Offsets of the keys where the key specs cannot tell (SORT ... STORE): called with checked arity.
   */
  readonly findKeys?: (args: Args) => number[];
  /** The name as shown: `get`, `config|get`. */
  readonly fullName: string;
  /** Whether it changes data (`write`). */
  readonly isWrite: boolean;
  /** Whether it tells of data or changes it: KEYS, SCAN, RANDOMKEY and DBSIZE name no key and do. */
  readonly touchesData: boolean;
  /** Subcommands by name in small letters. */
  readonly subcommandTable?: ReadonlyMap<string, CommandData>;
  /** Figures for INFO commandstats. */
  readonly usage: CommandUsage;
}
