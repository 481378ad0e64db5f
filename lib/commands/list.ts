/** The commands of lists, by theme. */

import type { Command } from "./command.ts";
import { listEditCommands } from "./list_edit.ts";
import { listEndCommands } from "./list_ends.ts";
import { listMoveCommands } from "./list_move.ts";
import { listPopAnyCommands } from "./list_pop_any.ts";
import { listReadCommands } from "./list_read.ts";

/** All commands of the group `list`. */
export const listCommands: readonly Command[] = [
  ...listEndCommands,
  ...listReadCommands,
  ...listEditCommands,
  ...listMoveCommands,
  ...listPopAnyCommands,
];
