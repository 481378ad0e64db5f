/**
 * The table of commands in README.md, made from the command records.
 *
 *     deno task readme        writes it between its two markers
 *
 * Promise: the rest of README.md is not touched.
 */

import type { Command, CommandGroup } from "../../lib/commands/command.ts";
import { commands } from "../../lib/commands/table.ts";
import { ROOT } from "./source.ts";

/** Where README.md is. */
export const README = `${ROOT}README.md`;

const BEGIN = "<!-- commands: written by `deno task readme` -->\n<!-- deno-fmt-ignore-start -->\n";
const END = "<!-- deno-fmt-ignore-end -->\n";

/** The groups in the order of the page. */
const TITLES: Readonly<Record<CommandGroup, string>> = {
  string: "Strings",
  generic: "Keys",
  list: "Lists",
  hash: "Hashes",
  set: "Sets",
  "sorted-set": "Sorted sets",
  stream: "Streams",
  bitmap: "Bitmaps",
  hyperloglog: "HyperLogLog",
  geo: "Geo",
  pubsub: "Pub/sub",
  transactions: "Transactions",
  scripting: "Scripting",
  connection: "Connection",
  cluster: "Cluster",
  server: "Server",
};

/** The table of all commands, as Markdown. */
export function commandTable(all: Iterable<Command> = commands.values()): string {
  const sorted = [...all].sort((a, b) => a.name < b.name ? -1 : 1);
  let page = "| Command | What it does |\n| --- | --- |\n";
  for (const [group, title] of Object.entries(TITLES)) {
    const rows = sorted.filter((command) => command.group === group).map(row);
    if (rows.length > 0) page += `| **${title}** | |\n${rows.join("")}`;
  }
  return page;
}

function row(command: Command): string {
  const words = [command.name.toUpperCase(), command.syntax].filter((word) => word !== "");
  const children = (command.subcommands ?? []).map(({ name }) => `\`${name.toUpperCase()}\``);
  const more = children.length > 0 ? ` ${children.sort().join(", ")}` : "";
  return `| \`${words.join(" ").replaceAll("|", "\\|")}\` | ${command.summary}${more} |\n`;
}

/** README.md with the table between its markers; throws where they are missing. */
export function withTable(readme: string, table: string): string {
  const from = readme.indexOf(BEGIN) + BEGIN.length;
  const to = readme.indexOf(END, from);
  if (from < BEGIN.length || to < 0) throw new Error("README.md: the markers are missing");
  return readme.slice(0, from) + table + readme.slice(to);
}

if (import.meta.main) {
  Deno.writeTextFileSync(README, withTable(Deno.readTextFileSync(README), commandTable()));
}
