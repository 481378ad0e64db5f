/** Error texts for commands that do not get as far as their handler, as Redis 7.0 words them. */

import type { Command } from "../commands/command.ts";
import type { Args } from "../resp/args.ts";

/** Names and arguments are quoted up to this length in all. */
const QUOTED_CHARS_MAX = 128;

/** For a name that no command has. */
export function unknownCommand(args: Args): string {
  let quoted = "";
  for (let i = 1; i < args.count && quoted.length < QUOTED_CHARS_MAX; i++) {
    quoted += `'${cString(args, i, QUOTED_CHARS_MAX - quoted.length)}' `;
  }
  const name = cString(args, 0, QUOTED_CHARS_MAX);
  return `ERR unknown command '${name}', with args beginning with: ${quoted}`;
}

/** For a second word that no subcommand has; the first one is as typed, which may be a new name. */
export function unknownSubcommand(args: Args): string {
  const word = cString(args, 1, QUOTED_CHARS_MAX);
  const container = cString(args, 0, args.length(0)).replace(/[a-z]+/g, (s) => s.toUpperCase());
  return `ERR unknown subcommand '${word}'. Try ${container} HELP.`;
}

/** Whether there are too few or too many arguments; if so, the error. */
export function wrongArity(command: Command, args: Args): string | undefined {
  const { arity } = command;
  if (arity >= 0 ? args.count === arity : args.count >= -arity) return undefined;
  return `ERR wrong number of arguments for '${command.fullName}' command`;
}

/** For what a subscriber may not do in RESP2, where replies and messages could not be told apart. */
export function notWhenSubscribed(command: Command): string {
  return `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / ` +
    "PING / QUIT / RESET are allowed in this context";
}

/** An argument as C's `%.*s` prints it: up to a NUL, at most `limit` bytes. */
function cString(args: Args, i: number, limit: number): string {
  const text = args.text(i).slice(0, limit);
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
