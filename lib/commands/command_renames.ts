/**
 * `rename-command`: the commands under the names that clients call them by.
 *
 * Promise: only the keys of the map change. The records stay as they are, so that whatever goes by
 * a command's own name - MULTI, statistics, COMMAND, error texts - still does, as in Redis.
 */

import type { CommandRename } from "../config/command_rename.ts";
import { ConfigError } from "../config/errors.ts";
import type { Command } from "./command.ts";
import { commandByName, type CommandTable, inSmallLetters } from "./command_lookup.ts";

/**
 * The commands after all renames, one after the other; `commands` itself if there are none.
 *
 * @throws {ConfigError} for a line that names no command, or another one's name as the new one
 */
export function renamedCommands(
  commands: CommandTable,
  renames: readonly CommandRename[],
): CommandTable {
  if (renames.length === 0) return commands;
  const renamed = new Map(commands);
  for (const each of renames) rename(renamed, each);
  return renamed;
}

function rename(commands: Map<string, Command>, { name, newName, place }: CommandRename): void {
  const command = commandByName(commands, name);
  if (command === undefined) throw new ConfigError(`${place}: there is no such command`);
  if (command.fullName.includes("|")) { // Redis 7.0 crashes
    throw new ConfigError(`${place}: subcommands cannot be renamed`);
  }
  commands.delete(inSmallLetters(name));
  if (newName === "") return;
  const key = inSmallLetters(newName);
  if (commands.has(key)) throw new ConfigError(`${place}: the new name is another command's`);
  commands.set(key, command);
}
