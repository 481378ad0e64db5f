/**
 * One key with very many members, of each type that can have them.
 *
 * Members are 16 bytes, values 8 bytes, scores numbers of seven digits; the order is scattered.
 */

import { load } from "./bulk.ts";
import type { BenchServer } from "./servers.ts";

/** The key that holds them. */
export const LARGE_KEY = "large";

/** A type of large key. */
export interface Large {
  /** What it is called in a report. */
  readonly type: "hash" | "set" | "zset" | "list";
  /** Adds one member. */
  readonly add: readonly string[];
  /** Counts the members. */
  readonly size: string;
}

const MEMBER = "member:#########";

/** One of each. */
export const LARGE: readonly Large[] = [
  { type: "hash", add: ["HSET", LARGE_KEY, MEMBER, "v#######"], size: "HLEN" },
  { type: "set", add: ["SADD", LARGE_KEY, MEMBER], size: "SCARD" },
  { type: "zset", add: ["ZADD", LARGE_KEY, "#######", MEMBER], size: "ZCARD" },
  { type: "list", add: ["RPUSH", LARGE_KEY, MEMBER], size: "LLEN" },
];

/** Makes the key, one command a member through a pipeline, and checks how many it holds. */
export async function loadLarge(server: BenchServer, large: Large, members: number): Promise<void> {
  await load(server, large.add, members);
  await using client = await server.connect();
  const reply = await client.call(large.size, LARGE_KEY);
  if (reply.type !== "int" || Number(reply.value) !== members) {
    throw new Error(`${server.side}: ${large.size} is not ${members}: ${JSON.stringify(reply)}`);
  }
}
