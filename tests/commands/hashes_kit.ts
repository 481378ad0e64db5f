/** What the tests of hashes share: reading a server's log, and what a server holds. */

import type { Server } from "../kit/oracle.ts";
import type { RespClient } from "../kit/resp_client.ts";
import { latin1, parseReply, type Reply, ReplyScanner } from "../kit/resp_reply.ts";

/** The commands in the incremental files of a server's log; times counted from now are `<now+>`. */
export async function logged(server: Server): Promise<string[]> {
  const dir = `${server.dir}/appendonlydir`;
  const commands: string[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    if (!name.includes(".incr.")) continue;
    const bytes = await Deno.readFile(`${dir}/${name}`);
    const scanner = new ReplyScanner();
    for (let at = 0; at < bytes.length;) {
      const end = scanner.scan(bytes.subarray(at));
      if (end === undefined) throw new Error(`${name} ends in the middle of a command`);
      const words = strings(parseReply(latin1(bytes.subarray(at, at + end))));
      commands.push(words.join(" ").replace(/\b(17|18|19|20)\d{11}\b/, "<now+>"));
      at += end;
    }
  }
  return commands;
}

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
