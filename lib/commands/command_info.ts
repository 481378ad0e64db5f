/** The reply of COMMAND and COMMAND INFO: what clients need to route a command. */

import type { Reply } from "../resp/reply.ts";
import { aclCategories } from "./acl_categories.ts";
import type { Command, CommandFlag, KeySpec } from "./command.ts";
import { legacyKeyRange } from "./legacy_key_range.ts";

/** Entries of one command's description. */
const ENTRIES = 10;

/** Writes the description of a command: ten entries, the subcommands' descriptions being the last. */
export function writeCommandInfo(reply: Reply, command: Command): void {
  const specs = command.keys ?? [];
  const { first, last, step } = legacyKeyRange(specs);
  reply.array(ENTRIES);
  reply.bulkText(command.fullName);
  reply.integer(command.arity);
  writeSimpleSet(reply, commandFlags(command));
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  writeSimpleSet(reply, aclCategories(command).map((category) => `@${category}`));
  const tips = command.tips ?? [];
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  reply.set(specs.length);
  for (const spec of specs) writeKeySpec(reply, spec);
  const subcommands = command.subcommands ?? [];
  if (subcommands.length === 0) return reply.set(0);
  reply.array(subcommands.length);
  for (const subcommand of subcommands) writeCommandInfo(reply, subcommand);
}

/** The flags as shown: with `movablekeys` where the key specs say so. */
export function commandFlags(command: Command): CommandFlag[] {
  const flags = command.flags.filter((flag) => flag !== "may_replicate"); // Redis keeps it to itself
  const isMovable = legacyKeyRange(command.keys ?? []).isIncomplete;
  if (isMovable && !flags.includes("movablekeys")) flags.push("movablekeys");
  return flags;
}

/** A key's flags as shown: `RW` and its like as they are, what happens to the value in small. */
export function shownKeyFlags(flags: readonly string[]): string[] {
  return flags.map((flag) => flag.length === 2 ? flag : flag.toLowerCase());
}

/** Writes a set of simple strings. */
export function writeSimpleSet(reply: Reply, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function writeKeySpec(reply: Reply, { notes, flags, begin, find }: KeySpec): void {
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) {
    reply.bulkText("notes");
    reply.bulkText(notes);
  }
  reply.bulkText("flags");
  writeSimpleSet(reply, shownKeyFlags(flags));
  reply.bulkText("begin_search");
  if (begin === "unknown") writeSearch(reply, "unknown", {});
  else if ("index" in begin) writeSearch(reply, "index", { index: begin.index });
  else writeSearch(reply, "keyword", { keyword: begin.keyword, startfrom: begin.from });
  reply.bulkText("find_keys");
  if (find === "unknown") {
    writeSearch(reply, "unknown", {});
  } else if ("countAt" in find) {
    const spec = { keynumidx: find.countAt, firstkey: find.firstKey, keystep: find.step };
    writeSearch(reply, "keynum", spec);
  } else {
    writeSearch(reply, "range", { lastkey: find.last, keystep: find.step, limit: find.limit });
  }
}

function writeSearch(reply: Reply, type: string, spec: Record<string, string | number>): void {
  reply.map(2);
  reply.bulkText("type");
  reply.bulkText(type);
  reply.bulkText("spec");
  const entries = Object.entries(spec);
  reply.map(entries.length);
  for (const [name, value] of entries) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulkText(value);
  }
}
