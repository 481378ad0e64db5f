/** README.md does not say what is not so: its table, its sessions and its programs are tried. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "../kit/assert.ts";
import { type Server, startRedeno } from "../kit/oracle.ts";
import { commandTable, README, withTable } from "./readme.ts";
import { ROOT } from "./source.ts";

const readme = Deno.readTextFileSync(README);

Deno.test("the table of commands is the one that the records give", () => {
  assertEquals(withTable(readme, commandTable()), readme, "run: deno task readme");
});

Deno.test("the table has a row for each command and its subcommands", () => {
  const table = commandTable();
  assertStringIncludes(table, "| `EXPIRE key seconds [NX \\| XX \\| GT \\| LT]` | ");
  assert(/^\| `CONFIG` \| .* `GET`, `HELP`, `RESETSTAT`, `REWRITE`, `SET` \|$/m.test(table), table);
  assertThrows(() => withTable("# no markers\n", table), Error, "the markers are missing");
});

Deno.test("the links lead to files that exist", () => {
  const links = [...readme.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, path]) => path);
  assert(links.length > 2);
  for (const path of links) assert(Deno.statSync(ROOT + path).isFile, path);
});

/** The blocks of a language, in order; the sessions with redis-cli have none. */
function blocks(language: string): string[] {
  return [...readme.matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, found]) => found === language).map(([, , text]) => text);
}

const PROMPT = /^127\.0\.0\.1:6379(?:\(TX\))?> /;

/** Types the lines of a session into redis-cli and compares what it prints. */
async function retype(server: Server, session: string): Promise<void> {
  const lines = session.trimEnd().split("\n");
  const typed = lines.filter((line) => PROMPT.test(line)).map((line) => line.replace(PROMPT, ""));
  const wanted = lines.filter((line) => !PROMPT.test(line)).join("\n");
  const printed = await runWith(
    "redis-cli",
    ["--no-raw", "-p", `${server.port}`],
    typed.join("\n"),
  );
  assertEquals(printed.trimEnd(), wanted);
}

async function runWith(program: string, args: string[], input: string): Promise<string> {
  const command = new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(20_000),
  });
  await using child = command.spawn();
  const [output] = await Promise.all([
    child.output(),
    new Response(input + "\n").body!.pipeTo(child.stdin),
  ]);
  const text = new TextDecoder().decode(output.stdout);
  assert(output.success, new TextDecoder().decode(output.stderr));
  return text;
}

function hasCli(): boolean {
  try {
    return new Deno.Command("redis-cli", { args: ["--version"] }).outputSync().success;
  } catch {
    console.log("redis-cli is not installed: the sessions of README.md are not tried");
    return false;
  }
}

Deno.test({
  name: "the sessions and the program give what is printed there, with a kill -9 between them",
  ignore: !hasCli(),
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const dir = await Deno.makeTempDir({ prefix: "redeno_readme_" });
    const log = ["--appendonly", "yes"];
    const [first, afterRestart] = blocks("");
    const [program] = blocks("ts");
    const before = await startRedeno(log, { dir });
    await retype(before, first);
    const printed = await runWith(
      Deno.execPath(),
      ["run", "-A", "--ext=ts", "-"],
      program.replace("npm:ioredis@5", "ioredis").replace("6379", String(before.port)),
    );
    assertStringIncludes(readme, `It prints \`${printed.trimEnd()}\`.`);
    await before.kill();
    await using after = await startRedeno(log, { dir });
    await retype(after, afterRestart);
    await after.stop();
    await Deno.remove(dir, { recursive: true });
  },
});
