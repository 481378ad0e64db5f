/** `redeno aof dump`: the lines it prints, and which commands its filters let through. */

import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { resp } from "../persistence/kit.ts";
import { DIR, diskWith, frame, incr, set, tool } from "./kit.ts";

const T = 1_800_000_000;
const LOG = frame([
  { commands: [resp("SELECT", "0"), set("user:1", 'say "hi"\r\n\x01\xff')], time_s: T },
  { commands: [resp("MULTI"), resp("DEL", "x", "user:2"), resp("EXEC")], time_s: T + 1 },
  { commands: [resp("SELECT", "3"), resp("ZUNIONSTORE", "z", "2", "a", "user:3")], time_s: T + 2 },
  {
    commands: [resp("FLUSHALL"), resp("MODULE.CMD", "user:9"), resp("PUBLISH", "user:1", "m")],
    time_s: T + 3,
  },
]).text;

async function dump(...options: string[]): Promise<string[]> {
  const run = await tool(diskWith([LOG]), ["aof", "dump", DIR, ...options]);
  assertEquals(run.code, 0, run.text);
  return run.terminal.lines;
}

/** The names of the commands that are shown. */
async function names(...options: string[]): Promise<string> {
  const lines = await dump("--json", ...options);
  return lines.map((line) => JSON.parse(line).command[0]).join(" ");
}

Deno.test("a line has place, time, database, and the command as MONITOR shows it", async () => {
  const lines = await dump();
  const head = "#B:83\r\n".length;
  assertEquals(lines[0], `${incr(1)}:${head} 2027-01-15T08:00:00Z [0] "SELECT" "0"`);
  assertEquals(
    lines[1],
    `${incr(1)}:${head + 23} 2027-01-15T08:00:00Z [0] "SET" "user:1" ` +
      String.raw`"say \"hi\"\r\n\x01\xff"`,
  );
  assertStringIncludes(lines[6], '2027-01-15T08:00:02Z [3] "ZUNIONSTORE" "z" "2" "a" "user:3"');
});

Deno.test("as JSON a line is an object, and no byte is lost", async () => {
  const [, line] = await dump("--json");
  assertEquals(JSON.parse(line), {
    file: incr(1),
    offset: 30,
    time: T,
    db: 0,
    command: ["SET", "user:1", { base64: btoa('say "hi"\r\n\x01\xff') }],
  });
});

Deno.test("--match looks at all keys and only at keys, and lets through what clears all", async () => {
  assertEquals(await names("--match", "user:*"), "SET DEL ZUNIONSTORE FLUSHALL MODULE.CMD");
  assertEquals(await names("--match", "x"), "DEL FLUSHALL");
  assertEquals(await names("--match", "z"), "ZUNIONSTORE FLUSHALL");
});

Deno.test("database, time and name are filters too, and all must let through", async () => {
  assertEquals(await names("--db", "3"), "SELECT ZUNIONSTORE FLUSHALL MODULE.CMD PUBLISH");
  assertEquals(await names("--db", "0", "--command", "set"), "SET");
  assertEquals(await names("--from-time", `${T + 1}`, "--to-time", `${T + 1}`), "MULTI DEL EXEC");
  assertEquals(await names("--to-time", "2027-01-15T08:00:00Z"), "SELECT SET");
  assertEquals(await names("--command", "DEL"), "DEL");
});

Deno.test("a dump ends at damage, with its place and an exit code", async () => {
  const broken = diskWith([LOG.replace("user:2", "user:7")]);
  const run = await tool(broken, ["aof", "dump", DIR]);
  assertEquals([run.code, run.terminal.lines.length], [1, 2]);
  assertStringIncludes(run.terminal.remarks[0], `${DIR}/${incr(1)}:`);
  assertStringIncludes(run.terminal.remarks[0], "damaged: the checksum of the batch is wrong");
  const torn = await tool(diskWith([LOG.slice(0, -3)]), ["aof", "dump", DIR]);
  assertEquals([torn.code, torn.terminal.lines.length], [2, 7]);
});
