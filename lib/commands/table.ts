/** Every command there is, by name. A new group is added here. */

import { clientCommand } from "./client_command.ts";
import type { Command } from "./command.ts";
import { connectionCommands } from "./connection.ts";
import { introspectionCommands } from "./introspection.ts";
import { debugCommand } from "./debug.ts";
import { keyCommands } from "./keys.ts";
import { stringCommands } from "./strings.ts";
import { transactionCommands } from "./transactions.ts";

/** All commands by name in small letters. */
export const commands: ReadonlyMap<string, Command> = new Map(
  [
    ...stringCommands,
    ...keyCommands,
    ...connectionCommands,
    clientCommand,
    ...transactionCommands,
    ...introspectionCommands,
    debugCommand,
  ].map((command) => [command.name, command]),
);
