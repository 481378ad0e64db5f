/**
 * The commands on sets: members (`set_members.ts`), chance (`set_random.ts`), and unions,
 * intersections and differences (`set_algebra.ts`).
 */

import type { Command } from "./command.ts";
import { setAlgebraCommands } from "./set_algebra.ts";
import { setMemberCommands } from "./set_members.ts";
import { setRandomCommands } from "./set_random.ts";

/** All commands on sets. */
export const setCommands: readonly Command[] = [
  ...setMemberCommands,
  ...setRandomCommands,
  ...setAlgebraCommands,
];
