/**
 * The ACL categories of a command: those its record names, and those that follow from its flags.
 */

import type { Command, CommandFlag, CommandRecord } from "./command.ts";

/** All categories in the order in which Redis lists them. */
export const ACL_CATEGORIES: readonly string[] = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
];

const FROM_FLAG: ReadonlyMap<CommandFlag, readonly string[]> = new Map([
  ["write", ["write"]],
  ["readonly", ["read"]],
  ["admin", ["admin", "dangerous"]],
  ["pubsub", ["pubsub"]],
  ["blocking", ["blocking"]],
]);

/** The categories of a command without `@`, in Redis's order. */
export function aclCategories(command: Pick<CommandRecord, "flags" | "acl">): string[] {
  const found = new Set(command.acl);
  // a script's read-only variant runs scripts all the same: it is not a command that reads
  const scripting = found.has("scripting");
  for (const flag of command.flags) {
    if (flag === "readonly" && scripting) continue;
    for (const category of FROM_FLAG.get(flag) ?? []) found.add(category);
  }
  found.add(command.flags.includes("fast") ? "fast" : "slow");
  return ACL_CATEGORIES.filter((category) => found.has(category));
}

/** Whether a command is in a category, given in any case and without `@`. */
export function isInCategory(command: Command, category: string): boolean {
  return aclCategories(command).includes(category.toLowerCase());
}
