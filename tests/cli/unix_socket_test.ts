/**
 * `unixsocket` and `unixsocketperm` from the start of the program to its end, with the permissions
 * that `deno task start` gives it.
 */

import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { freePort, hasRedisServer } from "../kit/oracle.ts";
import { connectAt, kindOf, SOCKET } from "../kit/unix_client.ts";
import { Program, run, Scratch } from "./kit.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };
const withRedis = { ...strict, ignore: !hasRedisServer() };

/** Starts the program on a directory, without TCP; resolves when it answers at the socket. */
async function started(dir: Scratch, args: readonly string[] = []): Promise<Program> {
  const program = new Program(
    ["--port", "0", "--dir", dir.path, "--unixsocket", SOCKET, "--save", "", ...args],
    { bare: true },
  );
  await answersAt(program, dir.at(SOCKET));
  return program;
}

async function answersAt(program: Program, path: string): Promise<void> {
  await program.until(async () => {
    try {
      await using client = await connectAt(path);
      return await client.callRaw("PING") === "+PONG\r\n";
    } catch {
      return false; // asked again until the time is up
    }
  });
}

function permissions(path: string): string {
  return (Deno.lstatSync(path).mode! & 0o777).toString(8);
}

Deno.test(
  "a server without TCP serves at its Unix socket, which goes with it",
  strict,
  async () => {
    await using dir = new Scratch();
    await using program = await started(dir, ["--unixsocketperm", "700"]);
    assertEquals(permissions(dir.at(SOCKET)), "700");
    const { code, stdout } = await program.stop();
    assertEquals(code, 0);
    assertEquals(kindOf(dir.at(SOCKET)), "nothing");
    assertStringIncludes(stdout, `* The server is now ready to accept connections at ${SOCKET}\n`);
    assertStringIncludes(stdout, "* Removing the unix socket file.\n");
    assert(!/No port is open|on port/.test(stdout), stdout);
  },
);

Deno.test("SHUTDOWN removes the file of the socket", strict, async () => {
  await using dir = new Scratch();
  await using program = await started(dir);
  await using client = await connectAt(dir.at(SOCKET));
  await client.send("SHUTDOWN", "NOSAVE");
  assertEquals((await program.ended()).code, 0);
  assertEquals(kindOf(dir.at(SOCKET)), "nothing");
});

Deno.test("after kill -9 the next start takes the place of the socket", strict, async () => {
  await using dir = new Scratch();
  await using killed = await started(dir, ["--appendonly", "yes"]);
  await using client = await connectAt(dir.at(SOCKET));
  await client.callRaw("SET", "k", "v");
  killed.signal("SIGKILL");
  await killed.ended();
  assertEquals(kindOf(dir.at(SOCKET)), "socket");
  await using next = await started(dir, ["--appendonly", "yes", "--unixsocketperm", "600"]);
  await using again = await connectAt(dir.at(SOCKET));
  assertEquals(await again.callRaw("GET", "k"), "$1\r\nv\r\n");
  assertEquals(permissions(dir.at(SOCKET)), "600");
  assertEquals((await next.stop()).code, 0);
});

Deno.test("a symbolic link in the place of the socket is replaced", strict, async () => {
  await using dir = new Scratch({ "target": "kept" });
  Deno.symlinkSync(dir.at("target"), dir.at(SOCKET));
  await using program = await started(dir);
  assertEquals(kindOf(dir.at(SOCKET)), "socket");
  assertEquals(Deno.readTextFileSync(dir.at("target")), "kept");
  assertEquals((await program.stop()).code, 0);
});

/** Starts that must fail, by what `unixsocket` says, and what they say besides the path. */
const REFUSED: readonly (readonly [path: string, why: string])[] = [
  ["data.rdb", "something that is not a socket is there already"],
  ["folder", "something that is not a socket is there already"],
  ["missing/s.sock", "No such file or directory"],
  ["data.rdb/s.sock", "Not a directory"],
  [`/tmp/${"x".repeat(103)}`, "a path of 108 bytes is too long, choose one of less than 108"],
  [`/tmp/${"é".repeat(60)}`, "a path of 125 bytes is too long, choose one of less than 108"],
];

Deno.test("a socket that cannot be had stops the start and says why", strict, async () => {
  await using dir = new Scratch({ "data.rdb": "precious", "folder/file": "" });
  for (const [path, why] of REFUSED) {
    const { code, stderr } = await run(
      ["--port", String(freePort()), "--dir", dir.path, "--unixsocket", path, "--appendonly", "no"],
      { bare: true },
    );
    assertEquals(code, 1, stderr);
    const absolute = path.startsWith("/") ? path : dir.at(path);
    const said = `redeno: Could not listen at 'unixsocket' ${absolute}: ${why}`;
    assertStringIncludes(stderr, said);
    assert(!/^\s+at /m.test(stderr), `a stack is no message:\n${stderr}`);
  }
  assertEquals(Deno.readTextFileSync(dir.at("data.rdb")), "precious");
  assertEquals(kindOf(dir.at("folder")), "other");
});

Deno.test("a path of 107 bytes is not too long", strict, async () => {
  await using dir = new Scratch();
  const path = dir.at("x".repeat(106 - dir.path.length));
  await using program = new Program(
    ["--port", "0", "--dir", dir.path, "--unixsocket", path, "--save", ""],
    { bare: true },
  );
  await answersAt(program, path);
  assertEquals(path.length, 107);
  assertEquals((await program.stop()).code, 0);
});

Deno.test("a server that does not get its port leaves another's socket alone", strict, async () => {
  await using dir = new Scratch();
  await using other = new Scratch();
  const port = String(freePort());
  await using first = await started(dir, ["--port", port]);
  const { code, stderr } = await run(
    ["--port", port, "--dir", other.path, "--unixsocket", dir.at(SOCKET)],
    { bare: true },
  );
  assertEquals(code, 1, stderr);
  assertStringIncludes(stderr, "Address already in use");
  await using client = await connectAt(dir.at(SOCKET));
  assertEquals(await client.callRaw("PING"), "+PONG\r\n");
  assertEquals((await first.stop()).code, 0);
});

/** The lines on sockets in a file that a server has rewritten; and that it starts with it again. */
async function rewritten(options: { bare: boolean } | { executable: string }): Promise<string[]> {
  await using dir = new Scratch();
  const file = dir.at("redis.conf");
  Deno.writeTextFileSync(file, `port 0\nsave ""\ndir ${dir.path}\n`);
  for (const more of [["--unixsocket", SOCKET, "--unixsocketperm", "0740"], []]) {
    await using program = new Program([file, ...more], options);
    await answersAt(program, dir.at(SOCKET));
    await using client = await connectAt(dir.at(SOCKET));
    assertEquals(await client.callRaw("CONFIG", "REWRITE"), "+OK\r\n");
    await program.stop();
  }
  return Deno.readTextFileSync(file).split("\n").filter((line) => /^(port|unix)/.test(line)).sort();
}

Deno.test("CONFIG REWRITE keeps the socket as Redis does", withRedis, async () => {
  const theirs = await rewritten({ executable: "redis-server" });
  assertEquals(await rewritten({ bare: true }), theirs);
  assertEquals(theirs.length, 3);
});

Deno.test("redis-cli -s talks to the socket", withRedis, async () => {
  await using dir = new Scratch();
  await using program = await started(dir);
  const cli = await new Deno.Command("redis-cli", {
    args: ["-s", dir.at(SOCKET), "-n", "3", "CLIENT", "INFO"],
  }).output();
  const line = new TextDecoder().decode(cli.stdout);
  assertStringIncludes(line, ` addr=${SOCKET}:0 laddr=${SOCKET}:0 `);
  assertStringIncludes(line, " flags=U db=3 ");
  assertEquals((await program.stop()).code, 0);
});
