/**
 * What must not start: a broken log, a directory that is taken or cannot be used, a taken port, a
 * bad configuration. Each time the process ends with 1, says what is wrong and where, and has
 * changed nothing on disk.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { freePort, startRedeno } from "../kit/oracle.ts";
import { refusedStart } from "../kit/refused_start.ts";
import { connect } from "../kit/resp_client.ts";
import { contents, digest, INCR, layDown, MANIFEST, open, writeSmallLog } from "./log_kit.ts";

async function withDir(action: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  try {
    await action(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function onDirectory(dir: string, ...more: string[]): string[] {
  return ["--dir", dir, "--appendonly", "yes", "--port", String(freePort()), ...more];
}

Deno.test("damage in the middle of the log stops the start and touches nothing", async () => {
  for (const checksums of ["yes", "no"]) await damageInTheMiddle(checksums);
});

async function damageInTheMiddle(checksums: string): Promise<void> {
  const log = await writeSmallLog({ "aof-checksums": checksums });
  const middle = log.states[6].end_bytes;
  const damages: [string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array][] = [
    ["no array", (bytes) => (bytes[middle] = 0x21, bytes)],
    ["a wrong length", (bytes) => (bytes[middle + 5] = 0x39, bytes)],
    ["zeros", (bytes) => bytes.fill(0, middle, middle + 30)],
    ["a piece missing", (bytes) => {
      bytes.copyWithin(middle + 7, middle + 17);
      return bytes.subarray(0, bytes.length - 10);
    }],
  ];
  for (const [what, damage] of damages) {
    const dir = await layDown(log.manifest, damage(log.sealed.slice()));
    try {
      const before = await contents(dir);
      const written = await refusedStart(onDirectory(dir));
      assertStringIncludes(written, `${INCR.split("/")[1]}:${middle}: Bad file format`, what);
      assertEquals(await contents(dir), before, `${what}: files were changed`);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }
}

Deno.test("a command of the log that fails stops the start, or is only reported if so configured", async () => {
  const log = await writeSmallLog();
  const bad = new TextEncoder().encode("*3\r\n$4\r\nINCR\r\n$6\r\nappend\r\n$1\r\n1\r\n");
  const good = new TextEncoder().encode("*3\r\n$3\r\nSET\r\n$5\r\nafter\r\n$1\r\n1\r\n");
  const dir = await layDown(log.manifest, new Uint8Array([...log.bytes, ...bad, ...good]));
  try {
    const before = await contents(dir);
    const written = await refusedStart(onDirectory(dir));
    assertMatch(written, new RegExp(`aof:${log.bytes.length}: the command 'INCR' was refused`));
    assertStringIncludes(written, "wrong number of arguments");
    assertEquals(await contents(dir), before);

    await using place = await open(dir, { "aof-replay-errors": "report" });
    assertEquals(await place.client.call("GET", "after"), { type: "bulk", value: "1" });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a manifest that names a missing file, or makes no sense, stops the start", async () => {
  const log = await writeSmallLog();
  const dir = await layDown(log.manifest, log.bytes);
  try {
    await Deno.rename(`${dir}/${INCR}`, `${dir}/elsewhere`);
    const before = await contents(dir);
    const missing = await refusedStart(onDirectory(dir));
    assertStringIncludes(missing, "appendonly.aof.1.incr.aof");
    assertStringIncludes(missing, MANIFEST);
    assertEquals(await contents(dir), before);

    await Deno.writeTextFile(`${dir}/${MANIFEST}`, "file x seq nonsense\n");
    const senseless = await refusedStart(onDirectory(dir));
    assertStringIncludes(senseless, `${MANIFEST}:1`);
    assertEquals(await Deno.readTextFile(`${dir}/${MANIFEST}`), "file x seq nonsense\n");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a torn tail stops the start where aof-load-truncated is no", async () => {
  const log = await writeSmallLog();
  const dir = await layDown(log.manifest, log.bytes.subarray(0, log.bytes.length - 2));
  try {
    const before = await contents(dir);
    const written = await refusedStart(onDirectory(dir, "--aof-load-truncated", "no"));
    assertStringIncludes(written, `:${log.states.at(-2)!.end_bytes}: Unexpected end of file`);
    assertEquals(await contents(dir), before);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a second server on a directory hears who holds it, and the first one goes on", async () => {
  await withDir(async (dir) => {
    await using first = await startRedeno(["--appendonly", "yes"], { dir });
    const written = await refusedStart(onDirectory(dir));
    assertStringIncludes(written, `in use by pid ${first.process.pid}, port ${first.port}`);
    await using client = await connect(first.port);
    assertEquals(await client.call("SET", "k", "v"), { type: "simple", value: "OK" });
  });
});

Deno.test("a port that is taken stops the start, with address and port", async () => {
  await withDir(async (dir) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const written = await refusedStart([
      "--dir",
      dir,
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
    ]);
    assertStringIncludes(written, `127.0.0.1:${port}`);
    assertMatch(written, /address (already )?in use/i);
    const withLog = [...onDirectory(dir), "--port", String(port), "--bind", "127.0.0.1"];
    assertStringIncludes(await refusedStart(withLog), `127.0.0.1:${port}`);
    await using place = await open(dir); // the refused one has left the directory usable
    assertEquals((await digest(place.client)).length, 40);
  });
});

Deno.test("a directory that cannot be made or written stops the start and is named", async () => {
  await withDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    for (const bad of [`${dir}/file`, `${dir}/file/below`, "/proc/nowhere"]) {
      assertStringIncludes(await refusedStart(onDirectory(bad)), bad);
    }
    await Deno.writeTextFile(`${dir}/appendonlydir`, "in the way");
    assertStringIncludes(await refusedStart(onDirectory(dir)), "appendonlydir");
    assertEquals(await Deno.readTextFile(`${dir}/appendonlydir`), "in the way");
    // Not writable even for root, unlike a directory whose mode forbids it.
    assertStringIncludes(await refusedStart(onDirectory("/proc")), "/proc/appendonlydir");
  });
});

Deno.test("a directory that does not exist is made", async () => {
  await withDir(async (dir) => {
    await using place = await startRedeno(["--appendonly", "yes"], { dir: `${dir}/a/b` });
    assertEquals((await Deno.stat(`${dir}/a/b/${INCR}`)).isFile, true);
    assertEquals(place.dir, `${dir}/a/b`);
  });
});

Deno.test("a line of the configuration that makes no sense stops the start and is shown", async () => {
  await withDir(async (dir) => {
    const path = `${dir}/redis.conf`;
    const cases: [string, RegExp][] = [
      ["appendfsync sometimes", /always.*everysec.*no|everysec.*always/],
      ["port 70000", /65535/],
      ["maxclients many", /integer|number/],
      ["appendonly perhaps", /yes.*no/],
      ["no-such-directive 1", /there is no directive 'no-such-directive'/],
      ['requirepass "unbalanced', /[Uu]nbalanced|quote/],
      ["proto-max-bulk-len 12parsecs", /memory|size|unit|bytes/],
    ];
    for (const [line, why] of cases) {
      await Deno.writeTextFile(path, `# first line\n\n${line}\nhz 10\n`);
      const written = await refusedStart([path]);
      assertStringIncludes(written, `${path}:3`, line);
      assertStringIncludes(written, line);
      assertMatch(written, why);
    }
    assertStringIncludes(await refusedStart([`${dir}/missing.conf`]), `${dir}/missing.conf`);
    assertStringIncludes(await refusedStart(["--port", "none"]), "port");
    assertStringIncludes(
      await refusedStart(["-"], { stdin: "hz 10\nappendfsync x\n" }),
      "appendfsync x",
    );
  });
});
