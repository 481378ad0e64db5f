/**
 * INFO: the sections of `server.info` as text. What they hold is the affair of those who added them.
 *
 *     # Replication\r\nrole:master\r\n ... \r\n# CPU\r\n ...
 */

import { type Command, command } from "./command.ts";
import type { InfoSections } from "./info_sections.ts";

/** The sections in the order in which Redis shows them, whatever order they are asked for in. */
const ORDER = [
  "Server",
  "Clients",
  "Memory",
  "Persistence",
  "Stats",
  "Replication",
  "CPU",
  "Modules",
  "Commandstats",
  "Errorstats",
  "Latencystats",
  "Cluster",
  "Keyspace",
];
/** Sections that are shown only when asked for. */
const NOT_BY_DEFAULT = new Set(["commandstats", "latencystats"]);

const info = command({
  name: "info",
  arity: -1,
  flags: ["loading", "stale"],
  acl: ["dangerous"],
  group: "server",
  since: "1.0.0",
  summary: "Returns figures about the server.",
  complexity: "O(1)",
  syntax: "[section [section ...]]",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  history: [["7.0.0", "Added support for taking multiple section arguments."]],
  run({ args, server, reply }) {
    const asked: string[] = [];
    for (let i = 1; i < args.count; i++) asked.push(args.text(i).toLowerCase());

    reply.verbatim("txt", infoText(server.info, asked));
  },
});

/** INFO. */
export const infoCommands: readonly Command[] = [info];

/** The text of INFO; `asked` are names in small letters, none of them meaning `default`. */
export function infoText(sections: InfoSections, asked: readonly string[]): string {
  const wanted = new Set(asked);
  const everything = wanted.has("all") || wanted.has("everything");
  const byDefault = wanted.size === 0 || wanted.has("default");
  let text = "";
  for (const name of shownOrder(sections.names())) {
    const small = name.toLowerCase();
    if (!everything && !wanted.has(small) && (!byDefault || NOT_BY_DEFAULT.has(small))) continue;
    if (text !== "") text += "\r\n";
    text += `# ${name}\r\n${sections.text(name)}`;
  }
  return text;
}

/** Redis's sections first, then those that only redeno has. */
function shownOrder(names: readonly string[]): readonly string[] {
  return [
    ...ORDER.filter((name) => names.includes(name)),
    ...names.filter((name) => !ORDER.includes(name)),
  ];
}
