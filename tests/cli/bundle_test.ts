/**
 * `deno task bundle`: the one file starts, serves, finds its data again, and its tools work.
 *
 * Deno takes its bundler from npm the first time; without a network this is not tried.
 */

import { assertEquals, assertMatch } from "../kit/assert.ts";
import { freePort } from "../kit/oracle.ts";
import { ask, bundleTo, Program, run, Scratch } from "./kit.ts";

const dir = new Scratch({});
const bundle = dir.at("redeno.js");
const problem = await bundleTo(bundle);
const cannotFetch = /error sending request|dns error|failed to fetch|Connection refused/i;
const skipped = cannotFetch.test(problem);
if (skipped) console.log(`deno task bundle is not tried: ${problem}`);

Deno.test({
  name: "the bundle starts, serves, and finds its data after a kill -9; its tools read the log",
  ignore: skipped,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    assertEquals(problem, "");
    const port = freePort();
    const options = { bundle };
    const args = ["--port", String(port), "--dir", dir.path, "--bind", "127.0.0.1"];
    args.push("--appendonly", "yes");
    await using first = new Program(args, options);
    await first.answers(port);
    assertEquals(await ask(port, "SET", "a", "1"), { type: "simple", value: "OK" });
    first.signal("SIGKILL");
    await first.ended();
    const check = await run(["aof", "check", dir.at("appendonlydir")], options);
    assertEquals(check.code, 0, check.stderr);
    assertMatch(check.stdout, /set 1$/m);
    await using second = new Program(args, options);
    await second.answers(port);
    assertEquals(await ask(port, "GET", "a"), { type: "bulk", value: "1" });
    assertEquals((await second.stop()).code, 0);
  },
});

globalThis.addEventListener("unload", () => Deno.removeSync(dir.path, { recursive: true }));
