/** What the tests of hashes share: reading replies, and what a server holds. */

import type { RespClient } from "../kit/resp_client.ts";
import type { Reply } from "../kit/resp_reply.ts";

/** The texts in an array, a set or a map, flat. */
export function strings(reply: Reply): string[] {
  if (reply.type === "map") return reply.entries.flat().flatMap(strings);
  if ("items" in reply) return reply.items.flatMap(strings);
  return ["value" in reply ? String(reply.value) : "null"];
}

/** Each hash of a list of keys: its pairs in order, with the expiry of each field. */
export async function dump(client: RespClient, keys: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const key of keys) {
    const flat = strings(await client.call("HGETALL", key));
    for (let i = 0; i < flat.length; i += 2) {
      const at = await client.call("HPEXPIRETIME", key, "FIELDS", "1", flat[i]);
      lines.push(JSON.stringify([key, flat[i], flat[i + 1], strings(at)[0]]));
    }
  }
  return lines.sort();
}
