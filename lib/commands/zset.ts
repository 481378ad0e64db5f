/**
 * The commands on sorted sets:
 *
 *     zset_write.ts          ZADD ZINCRBY ZREM
 *     zset_read.ts           ZCARD ZCOUNT ZLEXCOUNT ZSCORE ZMSCORE ZRANK ZREVRANK ZSCAN
 *     zset_random.ts         ZRANDMEMBER
 *     zset_range.ts          ZRANGE and its kin, ZRANGESTORE
 *     zset_remove_range.ts   ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX
 *     zset_pop.ts            ZPOPMIN ZPOPMAX ZMPOP BZPOPMIN BZPOPMAX BZMPOP
 *     zset_combine.ts        ZUNION ZINTER ZDIFF, their STOREs, ZINTERCARD
 */

import type { Command } from "./command.ts";
import { zsetCombineCommands } from "./zset_combine.ts";
import { zsetPopCommands } from "./zset_pop.ts";
import { zsetRandomCommands } from "./zset_random.ts";
import { zsetRangeCommands } from "./zset_range.ts";
import { zsetReadCommands } from "./zset_read.ts";
import { zsetRemoveRangeCommands } from "./zset_remove_range.ts";
import { zsetWriteCommands } from "./zset_write.ts";

/** All commands on sorted sets. */
export const zsetCommands: readonly Command[] = [
  ...zsetWriteCommands,
  ...zsetReadCommands,
  ...zsetRandomCommands,
  ...zsetRangeCommands,
  ...zsetRemoveRangeCommands,
  ...zsetPopCommands,
  ...zsetCombineCommands,
];
