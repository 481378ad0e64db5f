/** Which errors INFO counts, and for which commands, against the real Redis. */

import { assertEquals } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";

/** Answers tell what they answer by this only: some commands have none. */
const END = "end of the scene";

/** Each begins with statistics of zero. */
const SCENES: Record<string, Command[]> = {
  "a command that fails": [["SET", "s", "v"], ["INCR", "s"], ["LPUSH", "s", "v"]],
  "commands that fail in a transaction": [
    ["SET", "s", "v"],
    ["MULTI"],
    ["INCR", "s"],
    ["LPUSH", "s", "v"],
    ["GET", "s"],
    ["EXEC"],
    ["GET", "s"],
  ],
  "EXEC without MULTI, after a transaction with an error": [
    ["MULTI"],
    ["AUTH", "x"],
    ["EXEC"],
    ["EXEC"],
    ["EXEC"],
  ],
  "a transaction that is discarded": [["MULTI"], ["NOSUCH"], ["SET", "s"], ["EXEC"]],
  "errors without replies": [
    ["CLIENT", "REPLY", "SKIP"],
    ["INCR", "s"],
    ["MULTI"],
    ["INCR", "s"],
    ["CLIENT", "REPLY", "OFF"],
    ["EXEC"],
    ["INCR", "s"],
    ["CLIENT", "REPLY", "ON"],
  ],
};

/** What INFO says of the commands of a scene, times left out. */
async function figures(client: RespClient, commands: Command[]): Promise<string[]> {
  await client.call("SET", "s", "v");
  await client.call("CONFIG", "RESETSTAT");
  for (const command of commands) await client.send(...command);
  await client.send("ECHO", END);
  while (!(await client.readRaw()).includes(END));
  const info = await client.callRaw("INFO", "everything");
  return info.split("\r\n")
    .filter((line) => /^(cmdstat|errorstat|total_error)/.test(line))
    .map((line) => line.replace(/usec[^,]*,usec[^,]*,/, ""))
    .sort();
}

Deno.test({
  name: "an error is counted once, for the command that it came from",
  ignore: !hasRedisServer(),
  fn: async (t) => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    for (const [name, commands] of Object.entries(SCENES)) {
      await t.step(name, async () => {
        await using left = await connect(redis.port);
        await using right = await connect(redeno.port);
        assertEquals(await figures(right, commands), await figures(left, commands));
      });
    }
  },
});
