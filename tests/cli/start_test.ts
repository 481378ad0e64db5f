/** `deno task start` and its arguments: where the configuration comes from, and what stops a start. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { freePort } from "../kit/oracle.ts";
import { ROOT } from "../tools/source.ts";
import { configOf, Program, run, Scratch } from "./kit.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };

Deno.test("without a file it takes the redis.conf of the repository", strict, async () => {
  await using dir = new Scratch();
  const port = freePort();
  await using program = new Program([
    "--port",
    String(port),
    "--appendfsync",
    "always",
    "--dir",
    dir.path,
  ]);
  await program.answers(port);
  assertEquals(await configOf(port, "append*", "bind", "protected-mode", "dir", "port"), {
    appendonly: "yes",
    appendfsync: "always",
    appendfilename: "appendonly.aof",
    appenddirname: "appendonlydir",
    bind: "127.0.0.1 -::1",
    "protected-mode": "yes",
    dir: dir.path,
    port: String(port),
  });
  assertEquals((await program.stop()).code, 0);
});

Deno.test("the redis.conf of the repository keeps its data in ./data, on port 6379", () => {
  const text = Deno.readTextFileSync(`${ROOT}redis.conf`);
  assertMatch(text, /^dir \.\/data$/m);
  assertMatch(text, /^port 6379$/m);
});

Deno.test("a file takes the place of the default, options override it", strict, async () => {
  const port = freePort();
  await using dir = new Scratch({
    "other.conf": `port 1\nhz 20\nmaxclients 50\nrequirepass ""\nbind 127.0.0.1\n`,
  });
  await using program = new Program([
    dir.at("other.conf"),
    "--dir",
    dir.at("made/by/the start"),
    "--port",
    String(port),
    "--hz",
    "30",
    "--HZ",
    "40",
  ]);
  await program.answers(port);
  const config = await configOf(port, "appendonly", "hz", "maxclients", "dir");
  assertEquals(config, {
    appendonly: "no",
    hz: "40",
    maxclients: "50",
    dir: dir.at("made/by/the start"),
  });
  assertEquals((await program.stop()).code, 0);
});

Deno.test("- reads the configuration from standard input", strict, async () => {
  await using dir = new Scratch({ "a.conf": "hz 20\nmaxclients 50\n" });
  const port = freePort();
  const stdin = `# from a pipe\nport ${port}\nbind 127.0.0.1\nhz 30\ndir "${dir.path}"\n`;
  for (const [args, maxclients] of [[["-"], "10000"], [[dir.at("a.conf"), "-"], "50"]] as const) {
    await using program = new Program(args, { stdin });
    await program.answers(port);
    assertEquals(await configOf(port, "appendonly", "hz", "maxclients"), {
      appendonly: "no",
      hz: "30",
      maxclients,
    });
    assertEquals((await program.stop()).code, 0);
  }
});

Deno.test(
  "include reads the files of a pattern in order, one inside the other",
  strict,
  async () => {
    const port = freePort();
    await using dir = new Scratch({
      "conf.d/1.conf": "hz 11\nmaxclients 51\n",
      "conf.d/2.conf": "hz 12\n",
      "conf.d/other.txt": "hz 99\n",
    });
    Deno.writeTextFileSync(dir.at("main.conf"), `include ${dir.at("more.conf")}\nport ${port}\n`);
    Deno.writeTextFileSync(
      dir.at("more.conf"),
      `hz 10\ninclude ${dir.at("conf.d/*.conf")}\ninclude ${dir.at("none.d/*.conf")}\n`,
    );
    await using program = new Program([
      dir.at("main.conf"),
      "--dir",
      dir.path,
      "--bind",
      "127.0.0.1",
    ]);
    await program.answers(port);
    assertEquals(await configOf(port, "hz", "maxclients"), { hz: "12", maxclients: "51" });
  },
);

Deno.test("relative names start where redeno was started", strict, async () => {
  const port = freePort();
  await using dir = new Scratch({
    "here.conf": `include d/*.conf\nport ${port}\nbind 127.0.0.1\ndir ./data\n`,
    "d/a.conf": "hz 17\n",
  });
  await using program = new Program(["here.conf"], { cwd: dir.path, bare: true });
  await program.answers(port);
  assertEquals(await configOf(port, "hz", "dir"), { hz: "17", dir: dir.at("data") });
  assert(Deno.statSync(dir.at("data")).isDirectory);
});

Deno.test("--version and --help answer and end well", strict, async () => {
  for (const option of ["--version", "-v"]) {
    const { code, stdout, stderr } = await run([option]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^redeno v=\d+\.\d+\.\d+ redis=7\.0\.15 deno=\d+\.\d+\.\d+\n$/);
  }
  for (const option of ["--help", "-h"]) {
    const { code, stdout, stderr } = await run([option]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^Usage: redeno \[\/path\/to\/redis\.conf\]/);
  }
});

Deno.test("deno task start passes its arguments on", strict, async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "start", "--version"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0);
  assertMatch(new TextDecoder().decode(stdout), /^redeno v=/m);
});

/** Arguments or the lines of a file, and what is said about them. */
const REFUSED: readonly (readonly [what: string, file: string, args: string[], says: RegExp])[] = [
  [
    "a value that is none",
    "port 7000\n\nappendfsync sometimes\n",
    [],
    /^redeno: \S+bad\.conf:3: 'appendfsync sometimes': must be everysec, always or no\n$/,
  ],
  [
    "a directive that nobody knows",
    "colour blue\n",
    [],
    /^redeno: \S+bad\.conf:1: 'colour blue': there is no directive 'colour'\n$/,
  ],
  [
    "quotes that are not closed",
    `requirepass "abc\n`,
    [],
    /^redeno: \S+bad\.conf:1: 'requirepass "abc': unbalanced quotes\n$/,
  ],
  [
    "an included file that is missing",
    "include /nowhere/at/all.conf\n",
    [],
    /^redeno: \S+bad\.conf:1: 'include \S+': can't read the file: No such file or directory\n$/,
  ],
  ["an option's value", "", ["--port", "x"], /^redeno: command line: '--port x': must be/],
  ["an option nobody knows", "", ["--colour", "blue"], /^redeno: .*there is no directive 'colour'/],
  ["a word that is no option", "", ["oops"], /^redeno: command line: 'oops': there is no direct/],
  ["an option without dashes and a wrong value", "", ["port", "x"], /^redeno: .*'port x': must be/],
];

for (const [what, file, args, says] of REFUSED) {
  Deno.test(`${what} stops the start with a message and exit code 1`, strict, async () => {
    await using dir = new Scratch({ "bad.conf": file });
    const { code, stdout, stderr } = await run([dir.at("bad.conf"), ...args]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, says);
  });
}

Deno.test("a file that cannot be read stops the start", strict, async () => {
  const { code, stderr } = await run(["/nowhere/redis.conf"]);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    "redeno: /nowhere/redis.conf: can't read the file: No such file or directory\n",
  );
});

Deno.test("a port in use stops the start and is named", strict, async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  await using dir = new Scratch();
  const { code, stderr } = await run([
    "-",
    "--bind",
    "127.0.0.1",
    "--port",
    String(port),
    "--dir",
    dir.path,
  ], { stdin: "" });
  assertEquals(code, 1);
  assertMatch(stderr, new RegExp(`^redeno: Could not listen on 127\\.0\\.0\\.1:${port}: Address`));
});

Deno.test("a directory that cannot be made stops the start and is named", strict, async () => {
  await using dir = new Scratch({ file: "" });
  const { code, stderr } = await run(["--dir", dir.at("file/below")]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, `redeno: Can't use 'dir' ${dir.at("file/below")}: `);
});

Deno.test("a second server on the same log says who holds it", strict, async () => {
  await using dir = new Scratch();
  const port = freePort();
  await using first = new Program(["--port", String(port), "--dir", dir.path]);
  await first.answers(port);
  const { code, stderr } = await run(["--port", String(freePort()), "--dir", dir.path]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, `pid ${first.pid}, port ${port}`);
});

Deno.test("port 0 opens no port, and says so", strict, async () => {
  await using dir = new Scratch();
  await using program = new Program(["--port", "0", "--dir", dir.path]);
  await program.until(() => program.stdout.includes("No port is open"));
  assertEquals((await program.stop()).code, 0);
});
