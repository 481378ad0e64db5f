/**
 * Arguments as they may be shown to others: without passwords (MONITOR), and shortened (the slow log).
 */

import type { Args } from "../resp/args.ts";
import type { CommandData } from "./command_data.ts";

/** Redis's limits: SLOWLOG_ENTRY_MAX_ARGC and SLOWLOG_ENTRY_MAX_STRING. */
const ARGUMENTS_MAX = 32;
const BYTES_MAX = 128;
const REDACTED = "(redacted)";
/** Directives whose values are secrets. */
const SECRET_DIRECTIVES = new Set(
  ["masterauth", "masteruser", "requirepass", "tls-client-key-file-pass", "tls-key-file-pass"],
);

/** The arguments, the name included, as latin1 texts: few, short, and without secrets. */
export function shownArguments(command: CommandData, args: Args): string[] {
  const isSecret = secretsOf(command, args);
  const shown = args.count <= ARGUMENTS_MAX ? args.count : ARGUMENTS_MAX - 1;
  const texts: string[] = [];
  for (let i = 0; i < shown; i++) texts.push(isSecret(i) ? REDACTED : shortened(args, i));
  if (shown < args.count) texts.push(`... (${args.count - shown} more arguments)`);
  return texts;
}

function shortened(args: Args, i: number): string {
  const excess_bytes = args.length(i) - BYTES_MAX;
  if (excess_bytes <= 0) return args.text(i);
  const start = args.start(i);
  const text = args.buf.toString("latin1", start, start + BYTES_MAX);
  return `${text}... (${excess_bytes} more bytes)`;
}

/** Tells which arguments are secrets; where a command is malformed, rather more than in Redis. */
export function secretsOf(command: CommandData, args: Args): (i: number) => boolean {
  switch (command.fullName) {
    case "auth":
      return (i) => i > 0;
    case "hello":
      return helloSecrets(args);
    case "config|set":
      return (i) => i >= 3 && i % 2 === 1 && SECRET_DIRECTIVES.has(args.text(i - 1).toLowerCase());
    default:
      return () => false;
  }
}

/** HELLO 3 SETNAME name AUTH user password: the last two, though the name may be AUTH. */
function helloSecrets(args: Args): (i: number) => boolean {
  const secrets = new Set<number>();
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "SETNAME")) {
      i++;
    } else if (args.is(i, "AUTH")) {
      secrets.add(++i).add(++i);
    }
  }
  return (i) => secrets.has(i);
}
