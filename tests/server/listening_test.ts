/** CONFIG SET port and bind: where the server listens from then on, as the real Redis does it. */

import { assert, assertEquals } from "../kit/assert.ts";
import { freePort, hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const always = { sanitizeOps: true, sanitizeResources: true };

/** Another address of this machine, and some that it does not have. */
const OTHER = "127.0.0.2";
const MISSING = "10.255.255.1";

/** CONFIG SET; `FREE`, `OWN` and `TAKEN` stand for ports. */
const STEPS: readonly string[] = [
  "port FREE",
  "port OWN",
  "port TAKEN",
  "maxmemory 100 port TAKEN hz 20",
  "hz 20 bind 999.999.999.999 maxmemory 100",
  "bind -999.999.999.999",
  `bind 127.0.0.1|${OTHER}`,
  `bind -127.0.0.1|${MISSING}`,
  `bind -${MISSING}|127.0.0.1`,
  "bind *",
  "bind 127.0.0.1|127.0.0.1",
  "bind *|127.0.0.1",
  "bind ",
  "bind *|-::*",
  "bind *",
  "port 0",
  `bind ${OTHER}`,
  "port FREE",
  "port OWN bind 127.0.0.1",
  "bind * port TAKEN",
  `port FREE bind ${OTHER}`,
  `port TAKEN bind ${OTHER}`,
  "bind localhost",
  "bind 127.0.0.1 port OWN",
  "port 65536",
];

/** A server with a client that stays connected whatever happens, and its ports. */
class Moved implements AsyncDisposable {
  readonly #ports: Readonly<Record<string, number>>;
  readonly #squatter = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  constructor(readonly server: Server, readonly client: RespClient) {
    this.#ports = { OWN: server.port, FREE: freePort(), TAKEN: this.#squatter.addr.port };
  }

  /** What CONFIG SET answers, and where a client is served afterwards. */
  async set(step: string): Promise<Record<string, unknown>> {
    const words = step.split(" ").map((word) =>
      word in this.#ports ? String(this.#ports[word]) : word.replaceAll("|", " ")
    );
    const answer = await this.client.callRaw("CONFIG", "SET", ...words);
    const found: Record<string, unknown> = { step, answer };
    for (const name of ["OWN", "FREE", "TAKEN"] as const) {
      for (const hostname of ["127.0.0.1", OTHER]) {
        if (name === "TAKEN" && hostname === "127.0.0.1") continue;
        found[`${hostname} ${name}`] = await isServed(this.#ports[name], hostname);
      }
    }
    found.get = (await this.client.callRaw("CONFIG", "GET", "bind")) +
      (await this.client.callRaw("CONFIG", "GET", "hz"));
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#squatter.close();
    await this.client[Symbol.asyncDispose]();
  }
}

async function isServed(port: number, hostname = "127.0.0.1"): Promise<boolean> {
  try {
    await using client = await connect(port, { hostname });
    return await client.callRaw("PING") === "+PONG\r\n";
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

Deno.test({
  name: "CONFIG SET port and bind move the server as Redis moves, or change nothing",
  ...withRedis,
  async fn() {
    await using redis = await startRedis(["--save", ""]);
    await using redeno = await startRedeno(["--save", ""]);
    await using left = new Moved(redis, await connect(redis.port));
    await using right = new Moved(redeno, await connect(redeno.port));
    for (const step of STEPS) assertEquals(await right.set(step), await left.set(step));
    assert(/Could not listen on .*: Address already in use/.test(redeno.log()), redeno.log());
  },
});

Deno.test({
  name: "a CONFIG SET that comes while another one changes sockets waits for it",
  ...always,
  async fn() {
    await using redeno = await startRedeno(["--save", "", "--bind", "127.0.0.1"]);
    await using first = await connect(redeno.port);
    await using second = await connect(redeno.port);
    for (let i = 0; i < 20; i++) {
      await Promise.all([
        first.send("CONFIG", "SET", "bind", "*"),
        second.send("CONFIG", "SET", "bind", "127.0.0.1"),
      ]);
      assertEquals(await first.readRaw(), "+OK\r\n");
      assertEquals(await second.readRaw(), "+OK\r\n");
      const wide = (await first.callRaw("CONFIG", "GET", "bind")).includes("$1\r\n*\r\n");
      assertEquals(await isServed(redeno.port, OTHER), wide);
    }
  },
});

Deno.test({
  name: "CONFIG SET bind inside of EXEC is done, and does not wait",
  ...always,
  async fn() {
    await using redeno = await startRedeno(["--save", "", "--bind", "127.0.0.1"]);
    await using client = await connect(redeno.port);
    await client.pipelineRaw([["MULTI"], ["CONFIG", "SET", "bind", "*"], ["SET", "k", "v"]]);
    assertEquals(await client.callRaw("EXEC"), "*2\r\n+OK\r\n+OK\r\n");
    const deadline_ms = performance.now() + 5000;
    while (!(await isServed(redeno.port, OTHER)) && performance.now() < deadline_ms) continue;
    assertEquals(await isServed(redeno.port, OTHER), true);
  },
});

Deno.test({
  name: "a server whose addresses are all missing does not start, and says why",
  ...always,
  async fn() {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("../../main.ts", import.meta.url).pathname]
        .concat("--port", String(freePort()), "--save", "", "--bind", `-${MISSING}`)
        .concat("--dir", await Deno.makeTempDir({ prefix: "redeno_test_" })),
    }).output();
    assertEquals(code, 1);
    assert(new TextDecoder().decode(stderr).includes("none of the addresses of 'bind' is there"));
  },
});
