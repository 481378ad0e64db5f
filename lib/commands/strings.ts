/**
 * The commands on strings:
 *
 *     strings_read.ts     GET MGET GETRANGE SUBSTR STRLEN GETEX GETDEL
 *     strings_write.ts    SET SETNX SETEX PSETEX GETSET MSET MSETNX
 *     strings_change.ts   INCR DECR INCRBY DECRBY INCRBYFLOAT APPEND SETRANGE
 *     strings_lcs.ts      LCS
 */

import type { Command } from "./command.ts";
import { changeCommands } from "./strings_change.ts";
import { lcs } from "./strings_lcs.ts";
import { readCommands } from "./strings_read.ts";
import { writeCommands } from "./strings_write.ts";

/** All commands on strings. */
export const stringCommands: readonly Command[] = [
  ...readCommands,
  ...writeCommands,
  ...changeCommands,
  lcs,
];
