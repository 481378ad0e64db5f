/**
 * All commands on hashes: HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN (`hashes_read.ts`),
 * HSET HMSET HSETNX HDEL HINCRBY HINCRBYFLOAT (`hashes_write.ts`), HRANDFIELD HSCAN
 * (`hashes_walk.ts`), and the expiry of fields (`hashes_expire.ts`, `hashes_expire_read.ts`).
 */

import type { Command } from "./command.ts";
import { hashExpireCommands } from "./hashes_expire.ts";
import { hashExpireReadCommands } from "./hashes_expire_read.ts";
import { hashReadCommands } from "./hashes_read.ts";
import { hashWalkCommands } from "./hashes_walk.ts";
import { hashWriteCommands } from "./hashes_write.ts";

/** The commands of this group. */
export const hashCommands: readonly Command[] = [
  ...hashReadCommands,
  ...hashWriteCommands,
  ...hashWalkCommands,
  ...hashExpireCommands,
  ...hashExpireReadCommands,
];
