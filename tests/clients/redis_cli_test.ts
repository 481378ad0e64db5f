/** `redis-cli`: its one-line form, standard input, `--pipe`, `--scan`, `-3` and what it asks of COMMAND. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { latin1 } from "../kit/resp_reply.ts";
import { encodeCommand } from "../kit/resp_client.ts";
import { type Server, startRedeno } from "../kit/oracle.ts";
import { everyByte, scratchDir, testOnBoth, WITH_LOG } from "./kit.ts";

const CLI_TIMEOUT_MS = 20_000;

const hasCli = installed();

function installed(): boolean {
  try {
    return new Deno.Command("redis-cli", { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("redis-cli is not installed: tests with it are skipped");
    return false;
  }
}

/** Registers the test on both servers if there is a redis-cli. */
function testCli(
  name: string,
  options: readonly string[],
  body: (server: Server) => Promise<void>,
): void {
  if (hasCli) testOnBoth(name, options, body);
}

/** What redis-cli prints, as latin1 without the last line feed, when it is given `input`. */
async function cli(
  server: Server,
  args: string[],
  input: string | Uint8Array = "",
): Promise<string> {
  const command = new Deno.Command("redis-cli", {
    args: ["-h", "127.0.0.1", "-p", String(server.port), ...args],
    env: { REDISCLI_HISTFILE: "/dev/null" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(CLI_TIMEOUT_MS),
  });
  await using child = command.spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
  await writer.close();
  const { stdout, stderr } = await output;
  return (latin1(stdout) + latin1(stderr)).replace(/\n$/, "");
}

testCli("redis-cli runs commands from its arguments", [], async (server) => {
  assertEquals(await cli(server, ["PING"]), "PONG");
  assertEquals(await cli(server, ["SET", "a", "1", "EX", "100"]), "OK");
  assertEquals(await cli(server, ["INCR", "a"]), "2");
  assertEquals(await cli(server, ["--no-raw", "INCR", "a"]), "(integer) 3");
  assertEquals(await cli(server, ["--no-raw", "MGET", "a", "b"]), '1) "3"\n2) (nil)');
  assertEquals(await cli(server, ["--no-raw", "GET", "b"]), "(nil)");
  assertEquals(
    await cli(server, ["NOSUCH", "x y"]),
    "ERR unknown command 'NOSUCH', with args beginning with: 'x y' \n",
  );
  assertEquals(await cli(server, ["-n", "3", "DBSIZE"]), "0");
  assertEquals(await cli(server, ["-r", "3", "INCR", "a"]), "4\n5\n6");
});

testCli("redis-cli runs commands from standard input, transactions too", [], async (server) => {
  const input = [
    "SELECT 1",
    'SET "a b" "\\x00\\xff\\n"',
    "STRLEN 'a b'",
    "MULTI",
    "SET n 1",
    "INCR n",
    "EXEC",
    "",
  ].join("\n");
  assertEquals(await cli(server, [], input), "OK\nOK\n3\nOK\nQUEUED\nQUEUED\nOK\n2");
  assertEquals(await cli(server, ["-n", "1", "--no-raw", "GET", "a b"]), '"\\x00\\xff\\n"');
});

testCli("redis-cli -x stores what it is given, byte for byte", [], async (server) => {
  assertEquals(await cli(server, ["-x", "SET", "bytes"], everyByte()), "OK");
  assertEquals(await cli(server, ["GET", "bytes"]), latin1(everyByte()));
});

testCli("redis-cli --pipe loads a mass of commands and counts errors", [], async (server) => {
  const commands = Array.from({ length: 20_000 }, (_, i) => ["SET", `key:${i}`, `value ${i}`]);
  const input = commands.map((command) => latin1(encodeCommand(command))).join("");
  assertStringIncludes(await cli(server, ["--pipe"], input), "errors: 0, replies: 20000");
  assertEquals(await cli(server, ["DBSIZE"]), "20000");
  assertEquals(await cli(server, ["GET", "key:19999"]), "value 19999");
  const wrong = "SET a text\r\nINCR a\r\nGET a\r\n";
  assertStringIncludes(await cli(server, ["--pipe"], wrong), "errors: 1, replies: 3");
});

testCli("redis-cli --scan prints every key that matches", [], async (server) => {
  const keys = Array.from({ length: 3000 }, (_, i) => `user:${i}`);
  await cli(server, ["--pipe"], keys.map((key) => `SET ${key} 1\r\n`).join("") + "SET other 1\r\n");
  const printed = await cli(server, ["--scan", "--pattern", "user:*"]);
  assertEquals([...new Set(printed.split("\n"))].sort(), keys.sort());
});

testCli("redis-cli --bigkeys and --memkeys find the largest string", [], async (server) => {
  await cli(server, ["SET", "large", "x".repeat(5000)]);
  await cli(server, ["SET", "small", "x"]);
  assertMatch(await cli(server, ["--bigkeys"]), /Biggest string found '"large"' has 5000 bytes/);
  assertMatch(await cli(server, ["--memkeys"]), /Biggest string found '"large"' has \d+ bytes/);
});

testCli("redis-cli -3 speaks RESP3", [], async (server) => {
  await cli(server, ["SET", "a", "1"]);
  const config = await cli(server, ["-3", "--no-raw", "CONFIG", "GET", "appendonly"]);
  assertEquals(config, '1# "appendonly" => "no"');
  assertEquals(await cli(server, ["-3", "--no-raw", "GET", "nothing"]), "(nil)");
  assertEquals(await cli(server, ["-3", "--json", "MGET", "a", "b"]), '["1",null]');
});

testCli("redis-cli gives the password", ["--requirepass", "se cret"], async (server) => {
  assertEquals(await cli(server, ["GET", "a"]), "NOAUTH Authentication required.\n");
  assertEquals(await cli(server, ["--no-auth-warning", "-a", "se cret", "SET", "a", "1"]), "OK");
  assertMatch(await cli(server, ["-a", "wrong", "GET", "a"]), /^NOAUTH .*AUTH failed: WRONGPASS /s);
});

testCli("redis-cli can be told about commands and ask for INFO", [], async (server) => {
  const docs = await cli(server, ["COMMAND", "DOCS", "get"]);
  assertMatch(docs, /^get\nsummary\n/);
  const info = await cli(server, ["INFO", "server"]);
  assert(info.startsWith("# Server"), info.slice(0, 100));
});

Deno.test({
  name: "redis-cli finds everything after SHUTDOWN and after kill -9",
  ignore: !hasCli,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using dir = await scratchDir();
    const place = { dir: dir.path };
    const first = await startRedeno(WITH_LOG, place);
    assertEquals(await cli(first, ["SET", "a", "1"]), "OK");
    assertEquals(await cli(first, ["SHUTDOWN"]), "");
    assertEquals((await first.exited).code, 0);
    const second = await startRedeno(WITH_LOG, place);
    assertEquals(await cli(second, ["INCR", "a"]), "2");
    await second.kill();
    await using third = await startRedeno(WITH_LOG, place);
    assertEquals(await cli(third, ["GET", "a"]), "2");
  },
});
