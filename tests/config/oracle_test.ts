import { directiveNames, findDirective } from "../../lib/config/directives.ts";
import { ConfigCommandError, ConfigError } from "../../lib/config/errors.ts";
import type { Config } from "../../lib/config/config.ts";
import { assertEquals, assertNotEquals, assertStrictEquals } from "../kit/assert.ts";
import {
  configOf,
  hasRedis,
  OWN_DIRECTIVES,
  Redis,
  redisComplaint,
  withoutOwnDirectives,
} from "./oracle.ts";

const ignore = !hasRedis();

/** What belongs to the running oracle, or to redeno alone. */
const OWN = ["port", "bind", "dir", ...OWN_DIRECTIVES];

/** What our side answers to CONFIG SET. */
function setError(config: Config, words: readonly string[]): string | undefined {
  const pairs: [string, string][] = [];
  for (let i = 0; i < words.length; i += 2) pairs.push([words[i], words[i + 1]]);
  try {
    config.set(pairs);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigCommandError) return error.message;
    throw error;
  }
}

function shown(config: Config): Map<string, string> {
  return new Map(config.get(["*"]).filter(([name]) => !OWN.includes(name)));
}

async function redisShown(redis: Redis): Promise<Map<string, string>> {
  const pairs = await redis.get("*");
  for (const name of OWN) pairs.delete(name);
  return pairs;
}

/** Lines of `name value`, so that a difference reads well. */
function sorted(pairs: Map<string, string>): string {
  return [...pairs].map(([name, value]) => `${name} ${value}`).sort().join("\n");
}

Deno.test({
  name: "CONFIG GET * shows Redis's names and defaults",
  ignore,
  async fn() {
    const redis = await Redis.start();
    try {
      assertEquals(sorted(shown(configOf(""))), sorted(await redisShown(redis)));
      for (const name of ["port", "bind", "dir"]) assertEquals((await redis.get(name)).size, 1);
    } finally {
      await redis.stop();
    }
  },
});

const RICH = `
maxmemory 1g
maxmemory-clients 5%
save 900 1 300 10
save "60 5"
client-output-buffer-limit NORMAL 1mb 2k 3 pubsub 4 5 6
client-output-buffer-limit replica 1gb 0 7
notify-keyspace-events "KExzt"
oom-score-adj-values -5 0 +7
latency-tracking-info-percentiles 1.50 99.999 33.333333333
hz 0
unixsocketperm 0755
shutdown-on-sigterm NOW Save
masterauth "\\x01 'q' \\""
slave-priority 7
lua-time-limit 3
hash-max-ziplist-value 1kb
io-threads 4
proc-title-template "{title} of {port} {{"
syslog-facility LOCAL3
appendfilename "a b.aof"
replicaof no one
`;

Deno.test({
  name: "a rich file is shown by CONFIG GET as Redis shows it",
  ignore,
  async fn() {
    const redis = await Redis.start(RICH);
    try {
      assertEquals(sorted(shown(configOf(RICH))), sorted(await redisShown(redis)));
    } finally {
      await redis.stop();
    }
  },
});

// deno-fmt-ignore: a table of short words
const VALUES = [
  "xyz", "-1", "0", "1", "7", "101", "1000", "70000", "5000000000", "-5000000000", "01", "+1", "",
  "99999999999999999999", "1kb", "1.5mb", "10xb", "50%", "101%", "-50%", "yes", "NO", "local",
  "a b", "a/b", "1 2 3", "9 9", "900 1 300 10", "normal 1gb 1gb 9", "normal x 2 3", "nobody 1 2 3",
  "KEA", "gKzn", "KEmdn", "save nosave", "force now",
];

/** Where the oracle's answer is about its machine or its build, or overflows. */
function isBeyondComparison(name: string, value: string): boolean {
  return OWN.includes(name) || name === "activedefrag" || name.startsWith("oom-score") ||
    (name === "tls-port" || name === "tls-cluster" || name === "tls-replication") ||
    (name === "appendonly" && value === "yes") || (name === "maxclients" && value.length > 4) ||
    (name === "maxmemory-clients" && value.length > 15);
}

Deno.test({
  name: "CONFIG SET takes and refuses what Redis does, in its words",
  ignore,
  async fn() {
    const redis = await Redis.start('save ""');
    try {
      const config = configOf('save ""');
      for (const [name, { immutable }] of directiveNames) {
        const initial = config.text(name);
        // one value is enough to see that a directive cannot be set
        for (const value of immutable ? ["xyz"] : VALUES) {
          if (isBeyondComparison(name, value)) continue;
          const what = `${name} '${value}'`;
          assertStrictEquals(setError(config, [name, value]), await redis.set(name, value), what);
          assertStrictEquals(config.text(name), (await redis.get(name)).get(name), what);
        }
        if (OWN.includes(name) || setError(config, [name, initial]) !== undefined) continue;
        await redis.set(name, initial);
      }
    } finally {
      await redis.stop();
    }
  },
});

Deno.test({
  name: "CONFIG SET with several parameters fails as a whole, with Redis's reason",
  ignore,
  async fn() {
    const redis = await Redis.start();
    try {
      const config = configOf("");
      for (
        const words of [
          ["nosuch", "1"],
          ["NoSuch", "1", "timeout", "x"],
          ["timeout", "x", "nosuch", "1"],
          ["maxmemory", "1", "MAXMEMORY", "2"],
          ["DataBases", "3"],
          ["databases", "3", "nosuch", "4"],
          ["maxmemory", "xyz", "cluster-enabled", "yes"],
          ["TimeOut", "x"],
          ["SLAVE-priority", "x"],
          ["replica-priority", "8", "slave-priority", "9"],
          ["timeout", "5", "hz", "99", "maxmemory-samples", "0"],
          ["dir", "/", "timeout", "x"],
          ["dbfilename", "x"],
          ["notify-keyspace-events", "KEA", "hz", "20"],
          ["client-output-buffer-limit", ""],
          ["latency-tracking-info-percentiles", "99.999999999 1.23456789 0.00001 12345e-3 .5"],
        ]
      ) {
        const what = words.join(" ");
        assertStrictEquals(setError(config, words), await redis.set(...words), what);
        assertEquals(sorted(shown(config)), sorted(await redisShown(redis)), what);
      }
    } finally {
      await redis.stop();
    }
  },
});

Deno.test({
  name: "CONFIG GET finds by name and pattern what Redis finds",
  ignore,
  async fn() {
    const redis = await Redis.start();
    try {
      const config = configOf("");
      for (
        const patterns of [
          ["MAXMEMORY"],
          ["maxmemory*"],
          ["MaxMem*", "maxmemory"],
          ["REPLICA-priority", "replica-priority"],
          ["hz", "h[yz]", "HZ"],
          ["?z", "nosuch"],
          ["[^a-y]set-*"],
          ["\\hz", "h\\z*"],
          ["*-max-*list*"],
        ]
      ) {
        const ours = new Map(config.get(patterns));
        assertEquals(sorted(ours), sorted(await redis.get(...patterns)), patterns.join(" "));
      }
    } finally {
      await redis.stop();
    }
  },
});

Deno.test({
  name: "immutable directives take and refuse the same values at the start as in Redis",
  ignore,
  async fn() {
    const words = ["xyz", "-1", "888", '""', "yes", "a/b"];
    for (const [name, { immutable }] of directiveNames) {
      if (!immutable) continue;
      // one run for the values that ours takes, one for each that it refuses: starts are slow
      const taken: string[] = [];
      for (const value of words) {
        const line = `${name} ${value}`;
        const ours = loadError(line);
        if (ours === undefined) taken.push(line);
        else assertNotEquals(await redisComplaint(line), undefined, line);
      }
      assertStrictEquals(await redisComplaint(taken.join("\n")), undefined, name);
    }
  },
});

function loadError(text: string): string | undefined {
  try {
    configOf(text);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

Deno.test({
  name: "lines with odd quotes, spaces and counts are judged as Redis judges them",
  ignore,
  async fn() {
    for (
      const line of [
        "include",
        "include a b",
        'maxmemory "a',
        "maxmemory 'a",
        'maxmemory "1"x',
        "save 1",
        "save 1 2 3",
        'save ""',
        "client-output-buffer-limit normal 1",
        "appendonly",
        "APPENDONLY YES",
        "   # comment",
        "\tport 7000   \r",
        "port 7000 # c",
        'port "70\\x30\\x30"',
        "bind",
        "maxmemory 1k 2",
        "include /nonexistent/*",
        "oom-score-adj-values 1",
        "oom-score-adj-values '1 2 3'",
        "shutdown-on-sigint save now",
        "shutdown-on-sigint save nosave",
        '"port" 1',
        "'po'rt 1",
        "port\t1",
        "port\x0b1",
        'port ""',
        "notify-keyspace-events",
        "notify-keyspace-events q",
        "replicaof 127.0.0.1 99999",
        "replicaof no one",
        "latency-tracking-info-percentiles",
        "list-max-ziplist-entries 4",
        "lua-replicate-commands yes",
        "proc-title-template {title}",
        "proc-title-template {",
        "unixsocketperm 1000",
      ]
    ) {
      const theirs = await redisComplaint(line);
      const ours = loadError(line);
      assertStrictEquals(ours === undefined, theirs === undefined, `${line}: ${ours} / ${theirs}`);
    }
  },
});

Deno.test({
  name: "Redis reads the repository's redis.conf, redeno's own directives aside",
  ignore,
  async fn() {
    const file = Deno.readTextFileSync(new URL("../../redis.conf", import.meta.url));
    const text = withoutOwnDirectives(file).replace(/^dir .*$/m, "");
    assertStrictEquals(await redisComplaint(text), undefined);
    for (const name of OWN_DIRECTIVES) assertStrictEquals(findDirective(name)?.status, "live");
  },
});
