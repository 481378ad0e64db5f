/** What the subcommands of CLIENT have in common; and words they share. */

import { type Command, command, type CommandRecord } from "./command.ts";

/** Which clients a `TYPE` means. */
export type ClientType = "normal" | "master" | "replica" | "pubsub";

/** A subcommand of CLIENT; `admin`: not for everybody. */
export function clientSubcommand(
  record: Omit<CommandRecord, "flags" | "acl" | "group"> & { readonly admin?: boolean },
): Command {
  const { admin, ...rest } = record;
  return command({
    ...rest,
    flags: [...(admin ? ["admin" as const] : []), "noscript", "loading", "stale"],
    acl: ["connection"],
    group: "connection",
  });
}

/** Too many arguments for a subcommand whose arity has no end. */
export function unknownOrWrongCount(subcommand: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${subcommand}'. ` +
    "Try CLIENT HELP.";
}

/** The type that a word in any case names; undefined: none does. */
export function clientType(word: string): ClientType | undefined {
  switch (word.toLowerCase()) {
    case "normal":
      return "normal";
    case "master":
      return "master";
    case "slave":
    case "replica":
      return "replica";
    case "pubsub":
      return "pubsub";
    default:
      return undefined;
  }
}

/** Redis's text for a word that {@linkcode clientType} does not know. */
export function unknownType(word: string): string {
  const nul = word.indexOf("\0"); // it is printed as a C string
  return `ERR Unknown client type '${nul < 0 ? word : word.slice(0, nul)}'`;
}
