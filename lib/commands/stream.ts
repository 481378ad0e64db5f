/**
 * The commands on streams:
 *
 *     stream_write.ts     XADD XDEL XLEN XSETID XTRIM
 *     stream_range.ts     XRANGE XREVRANGE
 *     stream_read.ts      XREAD XREADGROUP
 *     stream_group.ts     XGROUP
 *     stream_pending.ts   XACK XPENDING
 *     stream_claim.ts     XAUTOCLAIM XCLAIM
 *     stream_info.ts      XINFO
 */

import type { Command } from "./command.ts";
import { streamClaimCommands } from "./stream_claim.ts";
import { xgroup } from "./stream_group.ts";
import { xinfo } from "./stream_info.ts";
import { streamPendingCommands } from "./stream_pending.ts";
import { streamRangeCommands } from "./stream_range.ts";
import { streamReadCommands } from "./stream_read.ts";
import { streamWriteCommands } from "./stream_write.ts";

/** All commands on streams. */
export const streamCommands: readonly Command[] = [
  ...streamWriteCommands,
  ...streamRangeCommands,
  ...streamReadCommands,
  xgroup,
  ...streamPendingCommands,
  ...streamClaimCommands,
  xinfo,
];
