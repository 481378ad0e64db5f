/**
 * Promise 4: a write that fails is never hidden. Under `everysec` and `no` the server lives on,
 * refuses writes, holds replies that would speak of what is not safe, and goes on by itself when
 * there is room again; under `always` it ends with 1 before any reply.
 */

import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { fileURLToPath } from "node:url";
import { freePort, startRedeno } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { MemoryDisk } from "../persistence/memory_disk.ts";
import { Config } from "../../lib/config/config.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import { Logger } from "../../lib/platform/logger.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { Server } from "../../lib/server/server.ts";

const OK = { type: "simple", value: "OK" } as const;
const MISCONF = /^-MISCONF Errors writing to the AOF file: No space left on device\r\n$/;
/** Long enough for a reply that is not held, short enough to wait for one that is. */
const HELD_MS = 150;
const ROOM_TIMEOUT_MS = 4000;

/** A server in this process whose log is on `disk`. */
class Place implements AsyncDisposable {
  readonly port = freePort();
  readonly lines: string[] = [];
  /** What the server wanted the process to end with. */
  exitCode: number | undefined;
  readonly #server: Server;
  readonly #clients: RespClient[] = [];

  constructor(disk: MemoryDisk, appendfsync: string) {
    const config = new Config({ directory: "/data" });
    const directives = { dir: "/data", bind: "127.0.0.1", port: this.port, appendfsync };
    for (const [name, value] of Object.entries({ appendonly: "yes", ...directives })) {
      config.load(name, [String(value)], { accumulate: false, directory: "/data" });
    }
    this.#server = new Server({
      config,
      disk,
      clock: systemClock,
      random: new SeededRandom(1),
      logger: new Logger(systemClock, (line) => this.lines.push(line)),
      exit: (code) => this.exitCode = code,
    });
  }

  static async open(disk: MemoryDisk, appendfsync: string): Promise<Place> {
    const place = new Place(disk, appendfsync);
    await place.#server.start();
    return place;
  }

  async client(): Promise<RespClient> {
    const client = await connect(this.port, { timeout_ms: ROOM_TIMEOUT_MS });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await this.#server.stop().catch(() => {}); // a disk that stays full is part of some tests
  }
}

/** Every write to the log stores `written` bytes and then finds no room. */
function fill(disk: MemoryDisk, written: number): void {
  disk.fault = ({ operation, path }) =>
    operation === "write" && path.endsWith(".incr.aof") ? { code: "ENOSPC", written } : undefined;
}

for (const policy of ["everysec", "no"]) {
  Deno.test({
    name: `a full disk refuses writes until there is room, and loses nothing: ${policy}`,
    sanitizeOps: true,
    sanitizeResources: true,
    async fn() {
      const disk = new MemoryDisk();
      {
        await using place = await Place.open(disk, policy);
        const [early, writer, other, reader] = [
          await place.client(),
          await place.client(),
          await place.client(),
          await place.client(),
        ];
        assertEquals(await early.call("SET", "early", "1"), OK);

        fill(disk, 7);
        await writer.send("SET", "held", "2");
        assertEquals(await writer.readRawWithin(HELD_MS), undefined, "an unsafe write was replied");

        assertMatch(await other.callRaw("SET", "refused", "3"), MISCONF);
        assertMatch(await other.callRaw("DEL", "early"), MISCONF);
        assertMatch(await other.callRaw("PING"), MISCONF);
        assertEquals(await other.callRaw("ECHO", "here"), "$4\r\nhere\r\n");
        assertMatch(await other.callRaw("INFO", "persistence"), /aof_last_write_status:err/);
        await reader.send("GET", "held");
        assertEquals(await reader.readRawWithin(HELD_MS), undefined, "an unsafe write was shown");

        disk.fault = () => undefined;
        assertEquals(await writer.read(), OK);
        assertEquals(await reader.read(), { type: "bulk", value: "2" });
        assertEquals(await other.call("SET", "later", "4"), OK);
        assertMatch(await other.callRaw("INFO", "persistence"), /aof_last_write_status:ok/);
        assertEquals(place.exitCode, undefined);
        assert(place.lines.some((line) => line.includes("Error writing to the AOF file")));
        disk.crash("kill");
      }
      await using again = await Place.open(disk, policy);
      const client = await again.client();
      assertEquals(
        (await client.pipelineRaw([["MGET", "early", "held", "later"], ["EXISTS", "refused"]]))
          .join(""),
        "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n4\r\n:0\r\n",
      );
    },
  });
}

Deno.test("a queued transaction that writes is refused while the disk is full", async () => {
  const disk = new MemoryDisk();
  await using place = await Place.open(disk, "everysec");
  const [writer, other] = [await place.client(), await place.client()];
  await other.pipeline([["MULTI"], ["SET", "a", "1"], ["SET", "b", "1"]]);
  fill(disk, 0);
  await writer.send("SET", "held", "1");
  assertEquals(await writer.readRawWithin(HELD_MS), undefined);
  assertMatch(await other.callRaw("EXEC"), /^-(EXECABORT|MISCONF) /);
  disk.fault = () => undefined;
  assertEquals(await writer.read(), OK);
  assertEquals(await other.call("EXISTS", "a", "b"), { type: "int", value: 0 });
});

Deno.test("writes are refused after a failed fsync until one works: everysec", async () => {
  const disk = new MemoryDisk();
  await using place = await Place.open(disk, "everysec");
  const client = await place.client();
  disk.fault = ({ operation }) => operation === "sync" ? { code: "EIO" } : undefined;
  assertEquals(await client.call("SET", "k", "1"), OK); // the kernel has it: that is the promise
  await eventually(async () => /^-MISCONF .*Input\/output/.test(await client.callRaw("INCR", "n")));
  assertEquals(await client.call("GET", "k"), { type: "bulk", value: "1" });
  disk.fault = () => undefined;
  await eventually(async () => await client.callRaw("SET", "k", "2") === "+OK\r\n");
});

for (const operation of ["write", "sync"]) {
  Deno.test(`a failed ${operation} under always ends with 1 before any reply`, async () => {
    const disk = new MemoryDisk();
    {
      await using place = await Place.open(disk, "always");
      const [client, reader] = [await place.client(), await place.client()];
      assertEquals(await client.call("SET", "safe", "1"), OK);
      disk.fault = (call) =>
        call.operation === operation && call.path.endsWith(".incr.aof")
          ? { code: "ENOSPC", written: 5 }
          : undefined;
      await client.send("SET", "safe", "2");
      await reader.send("GET", "safe");
      assertEquals(await client.readRawWithin(HELD_MS), undefined);
      assertEquals(await reader.readRawWithin(HELD_MS), undefined);
      assertEquals(place.exitCode, 1);
      assert(place.lines.some((line) => line.includes("No space left on device")));
      disk.crash("power");
      disk.fault = () => undefined;
    }
    await using again = await Place.open(disk, "always");
    const client = await again.client();
    assertEquals(await client.call("GET", "safe"), { type: "bulk", value: "1" });
  });
}

Deno.test("SHUTDOWN is refused while the log cannot be written, and the server lives on", async () => {
  const disk = new MemoryDisk();
  await using place = await Place.open(disk, "everysec");
  const [writer, other, third] = [await place.client(), await place.client(), await place.client()];
  fill(disk, 0);
  await writer.send("SET", "k", "1");
  assertEquals(await writer.readRawWithin(HELD_MS), undefined);
  await other.send("SHUTDOWN");
  await other.readRawWithin(HELD_MS);
  assertEquals(await third.callRaw("ECHO", "here"), "$4\r\nhere\r\n");
  assertEquals(place.exitCode, undefined);
  disk.fault = () => undefined;
  assertEquals(await writer.read(), OK);
  assertEquals(await third.call("SET", "k", "2"), OK);
});

Deno.test("SHUTDOWN FORCE ends even if the log cannot be written", async () => {
  const disk = new MemoryDisk();
  await using place = await Place.open(disk, "everysec");
  const [writer, other] = [await place.client(), await place.client()];
  fill(disk, 0);
  await writer.send("SET", "k", "1");
  assertEquals(await writer.readRawWithin(HELD_MS), undefined);
  await other.send("SHUTDOWN", "FORCE");
  await eventually(() => Promise.resolve(place.exitCode === 0));
});

Deno.test("turning the log off lets those go on who waited for a full disk", async () => {
  const disk = new MemoryDisk();
  await using place = await Place.open(disk, "everysec");
  const [writer, other] = [await place.client(), await place.client()];
  fill(disk, 3);
  await writer.send("SET", "k", "1");
  assertEquals(await writer.readRawWithin(HELD_MS), undefined);
  assertEquals(await other.call("CONFIG", "SET", "appendonly", "no"), OK);
  assertEquals(await writer.read(), OK);
  assertEquals(await other.call("SET", "k", "2"), OK);
});

Deno.test("a process at its file size limit goes on when the limit is raised", async () => {
  if (prlimit("--version") === false) return console.log("prlimit is not installed: skipped");
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  try {
    const port = freePort();
    const server = limitable(dir, port);
    await eventually(() => connect(port).then((client) => (client.close(), true), () => false));
    await using writer = await connect(port);
    await using other = await connect(port);
    assertEquals(await writer.call("SET", "a", "x".repeat(1000)), OK);
    assert(prlimit("--pid", String(server.pid), "--fsize=4096:"));
    await writer.send("SET", "b", "y".repeat(9000));
    assertEquals(await writer.readRawWithin(HELD_MS), undefined);
    assertMatch(await other.callRaw("SET", "c", "1"), /^-MISCONF Errors writing to the AOF file: /);
    assert(prlimit("--pid", String(server.pid), "--fsize=unlimited:"));
    assertEquals(await writer.read(), OK);
    server.kill("SIGKILL");
    await server.status;

    await using again = await startRedeno(["--appendonly", "yes"], { dir });
    await using client = await connect(again.port);
    assertEquals(
      await client.pipelineRaw([["STRLEN", "a"], ["STRLEN", "b"], ["EXISTS", "c"]]),
      [":1000\r\n", ":9000\r\n", ":0\r\n"],
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

/** Runs prlimit(1), which changes the limits of a running process; false: it is not there. */
function prlimit(...args: string[]): boolean {
  try {
    return new Deno.Command("prlimit", { args }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A redeno to which the file size limit is an error rather than a signal. */
function limitable(dir: string, port: number): Deno.ChildProcess {
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const program = [Deno.execPath(), "run", "--no-prompt", "-A", main];
  const options = ["--dir", dir, "--port", String(port), "--appendonly", "yes"];
  return new Deno.Command("sh", {
    args: ["-c", 'trap "" XFSZ; exec "$0" "$@"', ...program, ...options],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Asks until it is so. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline_ms = performance.now() + ROOM_TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline_ms) throw new Error("it did not come about in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
