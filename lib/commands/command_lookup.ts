/** Finding commands by name, and walking through all of them. */

import type { Args } from "../resp/args.ts";
import type { Command } from "./command.ts";

/** Commands by the name they are called by, in small letters. */
export type CommandTable = ReadonlyMap<string, Command>;

/** A name as {@linkcode CommandTable} has it: bytes beyond ASCII have no case. */
export function inSmallLetters(name: string): string {
  return name.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

/** Every command, each followed by its subcommands. */
export function* allCommands(table: CommandTable): Generator<Command> {
  for (const command of table.values()) {
    yield command;
    yield* command.subcommands ?? [];
  }
}

/** The command of a full name, `get` or `config|get`, in any case. */
export function commandByName(table: CommandTable, fullName: string): Command | undefined {
  const [name, ...rest] = inSmallLetters(fullName).split("|");
  const command = table.get(name);
  if (command === undefined || rest.length === 0) return command;
  return rest.length === 1 ? command.subcommandTable?.get(rest[0]) : undefined;
}

/** The command that arguments call, as the dispatcher would find it. */
export function commandOfArgs(table: CommandTable, args: Args): Command | undefined {
  const command = table.get(inSmallLetters(args.text(0)));
  if (command?.subcommandTable === undefined || args.count === 1) return command;
  return command.subcommandTable.get(args.text(1).toLowerCase());
}
