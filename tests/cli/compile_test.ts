/**
 * `deno task compile`: the executable starts, serves, and finds its data again.
 *
 * Compiling fetches a runtime of some 100 MB the first time, so this runs only where it is asked
 * for: `REDENO_COMPILE=deno deno task test`, or with the path of another deno, 2.9 or newer.
 */

import denoJson from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { freePort } from "../kit/oracle.ts";
import { ROOT } from "../tools/source.ts";
import { ask, bundleTo, Program, Scratch } from "./kit.ts";

const compiler = Deno.env.get("REDENO_COMPILE") ?? "";
if (compiler === "") console.log("REDENO_COMPILE is not set: deno task compile is not tried");

/** Compiles the bundle to a file, with the command of the task. */
async function compileTo(bundle: string, path: string): Promise<void> {
  const [_deno, command, ...options] = denoJson.tasks.compile.command.split(" ");
  const args = [command, ...options.slice(0, -1), bundle];
  args[args.indexOf("--output") + 1] = path;
  const { success, stderr } = await new Deno.Command(compiler, { args, cwd: ROOT }).output();
  assert(success, new TextDecoder().decode(stderr));
}

Deno.test({
  name: "the compiled executable starts, serves, and finds its data after a kill -9",
  ignore: compiler === "",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using dir = new Scratch({
      "my.conf": "appendonly yes\nbind 127.0.0.1\n",
    });
    const executable = dir.at("redeno");
    const bundle = dir.at("redeno.js");
    assertEquals(await bundleTo(bundle), "");
    await compileTo(bundle, executable);
    const { code, stdout } = await new Deno.Command(executable, { args: ["--version"] }).output();
    assertEquals(code, 0);
    assertMatch(new TextDecoder().decode(stdout), /^redeno v=/);

    const port = freePort();
    const args = [dir.at("my.conf"), "--port", String(port), "--dir", dir.path];
    await using first = new Program(args, { executable });
    await first.answers(port);
    assertEquals(await ask(port, "SET", "a", "1"), { type: "simple", value: "OK" });
    first.signal("SIGKILL");
    await first.ended();
    await using second = new Program(args, { executable });
    await second.answers(port);
    assertEquals(await ask(port, "GET", "a"), { type: "bulk", value: "1" });
    assertEquals((await second.stop()).code, 0);
  },
});
