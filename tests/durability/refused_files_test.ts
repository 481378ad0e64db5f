/**
 * What cannot be trusted is not served: the executable ends with 1, names the file, the place and
 * what to do, and leaves every byte on disk as it was.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { contents, digest, pad, QUIET, refusal, rewrite, withDir } from "./kit.ts";

const LOG = ["--appendonly", "yes"];
const AOF_DIR = "appendonlydir";
const MANIFEST = `${AOF_DIR}/appendonly.aof.manifest`;
/** What a message tells to do. */
const ADVICE = /[Rr]estore|[Mm]end|[Mm]ove|redeno aof|backup|upgrade|newer|chown|room/;

/** A directory whose log has a base, in this format, and one incremental file. */
async function writeLog(dir: string, preamble: "yes" | "no"): Promise<void> {
  const options = [...LOG, ...QUIET, "--aof-use-rdb-preamble", preamble];
  await using server = await startRedeno(options, { dir });
  await using client = await connect(server.port);
  await pad(client, 300);
  await client.call("HSET", "hash", "field", "value");
  await rewrite(server);
  await client.call("SET", "after", "1");
}

/** The start on `dir` is refused for `reason`, at `place` of `file`, and nothing is changed. */
async function refuses(
  dir: string,
  options: readonly string[],
  file: string,
  expected: RegExp,
  runner: readonly string[] = [],
): Promise<void> {
  const before = contents(dir);
  const written = await refusal(dir, options, runner);
  assertStringIncludes(written, `${dir}/${file}`, String(expected));
  assertMatch(written, expected);
  assertMatch(written, ADVICE);
  const after = contents(dir);
  assertEquals(Object.keys(after), Object.keys(before), `${expected}`);
  for (const name of Object.keys(before)) assert(after[name] === before[name], `${name} changed`);
}

const B = "file appendonly.aof.1.base.rdb seq 1 type b\n";
const I = "file appendonly.aof.2.incr.aof seq 2 type i\n";

/** What the manifest says, and the message: line and reason. */
const MANIFESTS: readonly [string, string, RegExp][] = [
  [
    "a missing base",
    "file gone.base.rdb seq 3 type b\n" + I,
    /manifest:1: .*'gone\.base\.rdb'.*not exist/,
  ],
  [
    "a missing incremental file",
    B + I + "file x.3.incr.aof seq 3 type i\n",
    /manifest:3: .*'x\.3\.incr/,
  ],
  [
    "a second base",
    B + "file appendonly.aof.3.base.rdb seq 3 type b\n" + I,
    /manifest:2: .*second base/,
  ],
  [
    "numbers that go backwards",
    B + I + "file appendonly.aof.1.incr.aof seq 1 type i\n",
    /manifest:3: incremental file 1 comes after 2/,
  ],
  [
    "the same number twice",
    B + I + "file other.incr.aof seq 2 type i\n",
    /manifest:3: .*2 comes after 2/,
  ],
  ["the same file twice", B + I + I.replace("seq 2", "seq 3"), /manifest:3: .*named twice/],
  ["an unknown type", B + I.replace("type i", "type x"), /manifest:2: unknown file type 'x'/],
  ["a blank line", `${B}\n${I}`, /manifest:2: the line is empty/],
  ["a line of blanks", `${B}   \t\n${I}`, /manifest:2: the line is empty/],
  ["an empty file", "", /manifest: the manifest is empty/],
  ["comments only", "# nothing\n", /manifest: the manifest names no file/],
  ["half a line", B + "file appendonly.aof.2.incr.aof seq\n", /manifest:2: .*pairs/],
  [
    "a line without a type",
    B + "file appendonly.aof.2.incr.aof seq 2\n",
    /manifest:2: .*must say 'file/,
  ],
  ["a number that is none", B + I.replace("seq 2", "seq two"), /manifest:2: 'seq two'/],
  ["the number 0", B + I.replace("seq 2", "seq 0"), /manifest:2: 'seq 0'/],
  ["a path", B + I.replace("appendonly.aof.2.incr", "../x.2.incr"), /manifest:2: .*not a path/],
  ["an absolute path", B + I.replace("file ", "file /etc/"), /manifest:2: .*not a path/],
  ["the directory itself", B + "file .. seq 2 type i\n", /manifest:2: .*not a path/],
  ["no newline at the end", (B + I).trimEnd(), /manifest:2: .*no newline/],
  ["quotes that do not end", B + I.replace("file ", 'file "'), /manifest:2: unbalanced quotes/],
  [
    "a line that is too long",
    B + `file ${"x".repeat(1024)} seq 2 type i\n`,
    /manifest:2: .*longer than 1024/,
  ],
  ["zeros", "\0".repeat(100), /manifest:1: /],
];

Deno.test("a manifest with a mistake is refused with its line, and nothing is changed", async () => {
  await withDir(async (dir) => {
    await writeLog(dir, "yes");
    const good = Deno.readTextFileSync(`${dir}/${MANIFEST}`)
      .replaceAll(" frames yes", "").replace(/^#.*\n/gm, "");
    assertEquals(good, B + I, "the examples are made for this manifest");
    for (const [what, text, expected] of MANIFESTS) {
      Deno.writeTextFileSync(`${dir}/${MANIFEST}`, text);
      await refuses(dir, LOG, MANIFEST, expected).catch((error) => {
        throw new Error(`${what}: ${error.message}`);
      });
    }
    Deno.writeTextFileSync(`${dir}/${MANIFEST}`, `${good}# crc32 00000000\n`);
    await refuses(dir, LOG, MANIFEST, /manifest:3: .*crc32|checksum/);
    Deno.removeSync(`${dir}/${MANIFEST}`);
    await refuses(dir, LOG, MANIFEST, /the manifest is missing, but there is data/);
    Deno.mkdirSync(`${dir}/${MANIFEST}`);
    await refuses(dir, LOG, MANIFEST, /directory/);
  });
});

/** Damages bytes in place, or returns others. */
type Damage = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | void;

async function refusesDamaged(
  dir: string,
  options: readonly string[],
  file: string,
  cases: readonly [Damage, RegExp][],
): Promise<void> {
  const whole = Deno.readFileSync(`${dir}/${file}`);
  for (const [damage, expected] of cases) {
    const bytes = whole.slice();
    Deno.writeFileSync(`${dir}/${file}`, damage(bytes) ?? bytes);
    await refuses(dir, options, file, expected);
  }
  Deno.writeFileSync(`${dir}/${file}`, whole);
}

/** Sets the version in the header: `REDIS0011`. */
function version(digits: string): Damage {
  return (bytes) => bytes.set(new TextEncoder().encode(digits), 5);
}

const RDB_DAMAGES: readonly [Damage, RegExp][] = [
  [(bytes) => void (bytes[bytes.length - 1] ^= 1), /\.rdb:\d+: .*[Cc]hecksum/],
  [(bytes) => void (bytes[bytes.length - 30] ^= 1), /\.rdb:\d+: /],
  [version("0099"), /\.rdb:\d+: .*version 99/],
  [version("zero"), /\.rdb:\d+: /],
  [(bytes) => bytes.subarray(0, bytes.length - 1), /\.rdb:\d+: .*ends|truncated|end of the file/],
  [(bytes) => bytes.subarray(0, bytes.length >> 1), /\.rdb:\d+: .*ends|truncated|end of the file/],
  [(bytes) => bytes.subarray(0, 9), /\.rdb:\d+: /],
];

Deno.test("a dump.rdb that is damaged, cut or too new is refused, and not changed", async () => {
  await withDir(async (dir) => {
    {
      await using server = await startRedeno(QUIET, { dir });
      await using client = await connect(server.port);
      await pad(client, 300);
      assertEquals(await client.callRaw("SAVE"), "+OK\r\n");
    }
    await refusesDamaged(dir, QUIET, "dump.rdb", [
      ...RDB_DAMAGES,
      [(bytes) => bytes.subarray(0, 0), /dump\.rdb:\d+: /],
      [(bytes) => bytes.fill(0x41, 0, 5), /dump\.rdb:\d+: /],
    ]);
    Deno.removeSync(`${dir}/dump.rdb`);
    Deno.mkdirSync(`${dir}/dump.rdb`);
    const written = await refusal(dir, QUIET);
    assertStringIncludes(written, `${dir}/dump.rdb`);
  });
});

Deno.test("an RDB base that is damaged, cut or too new is refused, and not changed", async () => {
  await withDir(async (dir) => {
    await writeLog(dir, "yes");
    await refusesDamaged(dir, LOG, `${AOF_DIR}/appendonly.aof.1.base.rdb`, RDB_DAMAGES);
    await using server = await startRedeno(LOG, { dir });
    await using client = await connect(server.port);
    assertEquals(await client.callRaw("DBSIZE"), ":302\r\n");
  });
});

Deno.test("a base of commands that is cut or damaged is refused, and not changed", async () => {
  await withDir(async (dir) => {
    await writeLog(dir, "no");
    const file = `${AOF_DIR}/appendonly.aof.1.base.aof`;
    await refusesDamaged(dir, LOG, file, [
      [
        (bytes) => bytes.subarray(0, bytes.length - 1),
        /base\.aof:\d+: .*the file ends within/,
      ],
      [
        (bytes) => bytes.subarray(0, bytes.length >> 1),
        /base\.aof:\d+: .*the file ends within/,
      ],
      [
        (bytes) => void (bytes[bytes.indexOf(0x24, 200) + 1] = 0x78),
        /base\.aof:\d+: Bad file format/,
      ],
    ]);
  });
});

Deno.test("bit rot in an incremental file is refused with offset, batch and what was good", async () => {
  await withDir(async (dir) => {
    await writeLog(dir, "yes");
    {
      await using server = await startRedeno([...LOG, "--appendfsync", "always"], { dir });
      await using client = await connect(server.port);
      for (let i = 0; i < 20; i++) await client.call("SET", `k${i}`, "value");
    }
    const file = `${AOF_DIR}/appendonly.aof.2.incr.aof`;
    await refusesDamaged(dir, LOG, file, [
      [
        (bytes) => void (bytes[bytes.length >> 1] ^= 4),
        /incr\.aof:\d+: Bad file format: batch \d+ is damaged: .*The \d+ commands before it are good/,
      ],
    ]);
  });
});

Deno.test({
  name: "Redis refuses the manifests that are refused here",
  ignore: !hasRedisServer(),
  fn: async () => {
    await withDir(async (dir) => {
      await writeLog(dir, "yes");
      const laxer: string[] = [];
      for (const [what, text] of MANIFESTS) {
        Deno.writeTextFileSync(`${dir}/${MANIFEST}`, text);
        const started = await startRedis(LOG, { dir }).then((server) => server, () => undefined);
        if (started === undefined) continue;
        laxer.push(what);
        await started.stop();
      }
      // Redis would load a file twice, and start empty beside data.
      assertEquals(laxer, ["the same file twice", "comments only"]);
    });
  },
});

/** Runs as a user whom permissions bind: root is only so without a capability. */
function boundRunner(): string[] | undefined {
  if (Deno.uid() !== 0) return [];
  const runner = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];
  try {
    const probe = new Deno.Command(runner[0], { args: [...runner.slice(1), "true"] }).outputSync();
    if (probe.success) return runner;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  console.log("permissions do not bind root here, and setpriv is missing: skipped");
  return undefined;
}

Deno.test("what this user may not read or write is named, with what to do, and left alone", async () => {
  const runner = boundRunner();
  if (runner === undefined) return;
  const forbid = async (path: string, mode: number, dir: string, options: readonly string[]) => {
    const { mode: old } = Deno.statSync(path);
    const before = contents(dir);
    Deno.chmodSync(path, mode);
    try {
      const written = await refusal(dir, options, runner);
      assertStringIncludes(written, path);
      assertMatch(written, /[Pp]ermission denied/);
      assertMatch(written, /chown|permission|allowed/);
    } finally {
      Deno.chmodSync(path, old! & 0o777);
    }
    assert(JSON.stringify(contents(dir)) === JSON.stringify(before), `${path}: something changed`);
  };
  await withDir(async (dir) => {
    await writeLog(dir, "yes");
    for (const mode of [0, 0o500]) {
      await forbid(`${dir}/${AOF_DIR}/appendonly.aof.lock`, mode & 0o400, dir, LOG);
    }
    await forbid(`${dir}/${AOF_DIR}`, 0, dir, LOG);
    await forbid(`${dir}/${MANIFEST}`, 0, dir, LOG);
    await forbid(`${dir}/${AOF_DIR}/appendonly.aof.1.base.rdb`, 0, dir, LOG);
    await forbid(`${dir}/${AOF_DIR}/appendonly.aof.2.incr.aof`, 0, dir, LOG);
    await forbid(`${dir}/${AOF_DIR}/appendonly.aof.2.incr.aof`, 0o400, dir, LOG);
    Deno.copyFileSync(`${dir}/${AOF_DIR}/appendonly.aof.1.base.rdb`, `${dir}/dump.rdb`);
    await forbid(`${dir}/dump.rdb`, 0, dir, QUIET);
  });
});

Deno.test({
  name:
    "a disk without room for the first byte of a log refuses the start, and a log there stays whole",
  ignore: !hasRedisServer(),
  fn: async () => {
    await withDir(async (dir) => {
      const args = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", dir];
      const mounted = await new Deno.Command("mount", { args, stderr: "null" }).output()
        .catch(() => ({ success: false }));
      if (!mounted.success) return console.log("no file system can be mounted here: skipped");
      try {
        let expected: string;
        { // A log of Redis's: a new incremental file with checksums is due here.
          await using redis = await startRedis([...LOG, ...QUIET], { dir });
          await using client = await connect(redis.port);
          await pad(client, 100);
          expected = await digest(redis);
        }
        try {
          Deno.writeFileSync(`${dir}/full`, new Uint8Array(1 << 20));
        } catch (error) {
          assertMatch(String(error), /No space/);
        }
        const before = contents(`${dir}/${AOF_DIR}`);
        const written = await refusal(dir, LOG);
        assertMatch(written, /appendonly\.aof\.[^ ]+: .*No space left on device/);
        assertMatch(written, /Make room/);
        const after = contents(`${dir}/${AOF_DIR}`);
        for (const name of Object.keys(before)) assertEquals(after[name], before[name], name);
        const more = Object.keys(after).filter((name) => !(name in before));
        assertEquals(more.filter((name) => after[name] !== ""), [], "more than an empty file");
        Deno.removeSync(`${dir}/full`);
        await using again = await startRedeno([...LOG, ...QUIET], { dir });
        assertEquals(await digest(again), expected);
      } finally {
        await new Deno.Command("umount", { args: ["-l", dir] }).output();
      }
    });
  },
});
