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
import type { CommandData, CommandFlag, CommandGroup, KeySpec } from "./command_data.ts";
import type { Context } from "./context.ts";

export type { CommandData, CommandFlag, CommandGroup, KeySpec };

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

/** What is derived from a record. */
type Derived = "fullName" | "isWrite" | "touchesData" | "subcommandTable" | "usage" | "subcommands";

/** What is written down about a command. */
export interface CommandRecord extends Omit<CommandData, Derived> {
  /** The commands whose second word is one of these names. */
  readonly subcommands?: readonly Command[];
  /**
   * Runs the command: first reads and validates its arguments, then acts and replies. A promise
   * suspends the connection until it settles. Missing in a container of subcommands.
   */
  readonly run?: (ctx: Context) => void | Promise<void>;
}

/** A command that is ready to be looked up and run. */
export interface Command extends CommandData {
  readonly subcommands?: readonly Command[];
  readonly subcommandTable?: ReadonlyMap<string, Command>;
  /** As in {@linkcode CommandRecord}. */
  readonly run?: CommandRecord["run"];
}

/**
 * Makes a command from its record. Every property is set, in one order, so that to V8 all commands
 * have the same shape: the dispatcher reads a dozen of them at each request.
 */
export function command(record: CommandRecord): Command {
  const subcommands = record.subcommands?.map((child) => ({
    ...child,
    fullName: `${record.name}|${child.name}`,
  }));
  return {
    name: record.name,
    fullName: record.name,
    arity: record.arity,
    isWrite: record.flags.includes("write"),
    touchesData: record.keys !== undefined || record.flags.includes("readonly"),
    flags: record.flags,
    run: record.run,
    keys: record.keys,
    findKeys: record.findKeys,
    usage: new CommandUsage(),
    subcommands,
    subcommandTable: subcommands && new Map(subcommands.map((child) => [child.name, child])),
    acl: record.acl,
    group: record.group,
    since: record.since,
    summary: record.summary,
    complexity: record.complexity,
    syntax: record.syntax,
    tips: record.tips,
    deprecated: record.deprecated,
    history: record.history,
  };
}
