/** The HELP subcommand of containers. */

import type { Reply } from "../resp/reply.ts";

/**
 * Answers `<container> HELP`: one simple string a line.
 *
 * @param container in capitals. @param lines what the subcommands do, without HELP itself: a line
 * that tells what a subcommand does begins with four spaces.
 */
export function replyHelp(reply: Reply, container: string, lines: readonly string[]): void {
  const all = [
    `${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    "HELP",
    "    Prints this help.",
  ];
  reply.array(all.length);
  for (const line of all) reply.simple(line);
}
