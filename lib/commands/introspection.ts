/** Everything about the server itself: COMMAND, CONFIG, INFO, MEMORY, FLUSHALL, SHUTDOWN and more. */

import type { Command } from "./command.ts";
import { commandCommands } from "./command_command.ts";
import { configCommands } from "./config_command.ts";
import { flushCommands } from "./flush.ts";
import { infoCommands } from "./info.ts";
import { lolwutCommands } from "./lolwut.ts";
import { memoryCommands } from "./memory_command.ts";
import { serverCommands } from "./server_commands.ts";

/** The commands of this group. */
export const introspectionCommands: readonly Command[] = [
  ...commandCommands,
  ...configCommands,
  ...flushCommands,
  ...infoCommands,
  ...lolwutCommands,
  ...memoryCommands,
  ...serverCommands,
];
