/** `aof-timestamp-enabled` and a base of commands: the time stands before the first of them. */

import { assertEquals, assertMatch } from "../kit/assert.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { ask, digest, QUIET, rewrite, withDir } from "./kit.ts";

const OPTIONS = [...QUIET, "--appendonly", "yes", "--aof-use-rdb-preamble", "no"];
const LONG = "x".repeat(3_000_000);

/** A base whose one key is the first thing in it, however long: `firstValue`. */
function baseBegins(name: string, options: string[], firstValue: string, pattern: RegExp): void {
  const isRedis = name === "redis";
  const what = firstValue.length > 1 ? "a long value" : "a short one";
  Deno.test({
    name: `${name} ${options.join(" ")}: a base begins with its time, before ${what}`,
    ignore: isRedis && !hasRedisServer(),
    fn: () =>
      withDir(async (dir) => {
        let data: string;
        {
          const start = isRedis ? startRedis : startRedeno;
          const stamped = [...OPTIONS, "--aof-timestamp-enabled", "yes", ...options];
          await using server = await start(stamped, { dir });
          await rewrite(server); // of nothing: there is nothing to tell the time of
          await using client = await connect(server.port);
          await client.call("SET", "k", firstValue);
          await rewrite(server);
          data = await digest(server);
        }
        const log = `${dir}/appendonlydir`;
        const base = Array.from(Deno.readDirSync(log), (entry) => entry.name)
          .find((file) => file.endsWith(".base.aof"));
        const text = Deno.readTextFileSync(`${log}/${base}`);
        assertMatch(text.slice(0, 100), pattern);
        for (const start of hasRedisServer() ? [startRedis, startRedeno] : [startRedeno]) {
          await using server = await start(OPTIONS, { dir });
          assertEquals(await digest(server), data);
          assertEquals(await ask(server, "STRLEN", "k"), `:${firstValue.length}\r\n`);
        }
      }),
  });
}

const STAMPED = /^#TS:\d{10}\r\n\*2\r\n\$6\r\nSELECT\r\n/;
const FRAMED = /^#B:\d+\r\n#TS:\d{10}\r\n\*2\r\n\$6\r\nSELECT\r\n/;
for (const value of ["v", LONG]) {
  baseBegins("redis", [], value, STAMPED);
  baseBegins("redeno", ["--aof-checksums", "no"], value, STAMPED);
  baseBegins("redeno", ["--aof-checksums", "yes"], value, FRAMED);
}
