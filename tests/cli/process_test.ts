/** The running process: its log, its process id file, its signals, and what it may do. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { freePort } from "../kit/oracle.ts";
import { ask, configOf, Program, Scratch } from "./kit.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("the log says on which port it is ready, in Redis's format", strict, async () => {
  await using dir = new Scratch();
  const port = freePort();
  await using program = new Program(["--port", String(port), "--dir", dir.path]);
  await program.until(() => program.stdout.includes("Ready to accept connections"));
  assertMatch(
    program.stdout,
    new RegExp(
      `^${program.pid}:M \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d\\.\\d{3} \\* ` +
        `Ready to accept connections on port ${port}$`,
      "m",
    ),
  );
});

Deno.test("logfile takes the log and adds to what is there", strict, async () => {
  await using dir = new Scratch({ "redeno.log": "what was there\n" });
  const port = freePort();
  const log = dir.at("redeno.log");
  await using program = new Program([
    "--port",
    String(port),
    "--dir",
    dir.path,
    "--logfile",
    log,
  ]);
  await program.answers(port);
  const { code, stdout } = await program.stop();
  assertEquals([code, stdout], [0, ""]);
  const text = Deno.readTextFileSync(log);
  assert(text.startsWith("what was there\n"), text);
  assertStringIncludes(text, `Ready to accept connections on port ${port}`);
  assertStringIncludes(text, "Received SIGTERM");
});

Deno.test("loglevel leaves out what is less than it", strict, async () => {
  await using dir = new Scratch();
  const port = freePort();
  await using program = new Program([
    "--port",
    String(port),
    "--dir",
    dir.path,
    "--loglevel",
    "warning",
  ]);
  await program.answers(port);
  assertEquals(program.stdout, "");
  const { stdout } = await program.stop();
  assertMatch(stdout, /^\d+:M .* # Received SIGTERM.*\n$/);
});

Deno.test("pidfile holds the process id until the end", strict, async () => {
  await using dir = new Scratch();
  const port = freePort();
  const pidfile = dir.at("redeno.pid");
  await using program = new Program([
    "--port",
    String(port),
    "--dir",
    dir.path,
    "--pidfile",
    pidfile,
  ]);
  await program.until(() => program.stdout.includes("Ready to accept connections"));
  assertEquals(Deno.readTextFileSync(pidfile), `${program.pid}\n`);
  assertEquals((await program.stop()).code, 0);
  assert(!exists(pidfile));
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends it with 0, and nothing is lost`, strict, async () => {
    await using dir = new Scratch();
    const port = freePort();
    const args = ["--port", String(port), "--dir", dir.path];
    await using first = new Program(args);
    await first.answers(port);
    assertEquals((await ask(port, "SET", "a", "1")).type, "simple");
    first.signal(signal);
    assertEquals((await first.ended()).code, 0);
    await using second = new Program(args);
    await second.answers(port);
    assertEquals(await ask(port, "GET", "a"), { type: "bulk", value: "1" });
  });
}

Deno.test("SHUTDOWN ends it with 0", strict, async () => {
  await using dir = new Scratch();
  const port = freePort();
  await using program = new Program(["--port", String(port), "--dir", dir.path]);
  await program.answers(port);
  const closed = await ask(port, "SHUTDOWN").then(() => false, () => true);
  assert(closed);
  assertEquals((await program.ended()).code, 0);
});

Deno.test(
  "the permissions of deno task start are enough for INFO and CONFIG REWRITE",
  strict,
  async () => {
    const port = freePort();
    await using dir = new Scratch({
      "my.conf": `# mine\nport ${port}\nbind 127.0.0.1\nhz 10 \n`,
    });
    await using program = new Program([dir.at("my.conf"), "--dir", dir.path]);
    await program.answers(port);
    const info = await ask(port, "INFO", "everything");
    const text = info.type === "bulk" ? info.value : "";
    assertMatch(text, /^total_system_memory:[1-9]\d+\r$/m);
    assertMatch(text, /^used_cpu_user:\d+\.\d+\r$/m);
    assertMatch(text, /^os:Linux \S+ \S+\r$/m);
    assertEquals((await ask(port, "CONFIG", "SET", "hz", "33")).type, "simple");
    assertEquals((await ask(port, "CONFIG", "REWRITE")).type, "simple");
    assertMatch(Deno.readTextFileSync(dir.at("my.conf")), /^# mine\n(.*\n)*hz 33\n/);
    assertEquals(await configOf(port, "hz"), { hz: "33" });
  },
);
