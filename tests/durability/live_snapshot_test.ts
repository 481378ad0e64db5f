/**
 * Snapshots taken while data of every type changes: what stands in the file is the data of the
 * moment at which it was asked for.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { type Server, startRedeno } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import { everything } from "../commands/everything_commands.ts";
import { digestOf } from "../commands/everything_run.ts";

/** Keys that keep the walk busy while the others change. */
const PADDING = 8_000;
/** Fields of a hash that is written piece by piece. */
const LARGE = 20_000;
const BATCH = 40;
const COMMON = ["--enable-debug-command", "yes", "--save", "", "--snapshot-cpu-percent", "1"];
/** They move the data to other places, or would end the server's work. */
const UNWANTED = /^(DEBUG|FLUSHALL)$/;

interface Place {
  readonly server: Server;
  readonly client: RespClient;
  readonly chance: Seeded;
}

/** Fills a server with data of every type, a large hash, and keys that nobody touches. */
async function fill({ client, chance }: Place): Promise<void> {
  await client.call("SELECT", "0");
  await client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  for (let i = 0; i < PADDING; i += 500) {
    const commands = Array.from({ length: 500 }, (_, j) => ["SET", `pad:${i + j}`, "x".repeat(64)]);
    await client.pipelineRaw(commands);
  }
  for (let i = 0; i < LARGE; i += 1000) {
    const pairs = Array.from({ length: 1000 }, (_, j) => [`field:${i + j}`, `value:${i + j}`]);
    await client.call("HSET", "large", ...pairs.flat());
  }
  for (const packed of [true, false]) {
    const draw = everything({ payloads: ["x"], packed });
    for (let i = 0; i < 300; i++) await change(client, draw, chance);
  }
}

type Draw = ReturnType<typeof everything>;

async function change(client: RespClient, draw: Draw, chance: Seeded): Promise<void> {
  const commands = Array.from({ length: BATCH }, () => draw(chance).command)
    .filter(([name]) => !UNWANTED.test(String(name).toUpperCase()));
  const pads = Array.from({ length: 10 }, () => ["APPEND", `pad:${chance.below(PADDING)}`, "y"]);
  const large = [["HSET", "large", `field:${chance.below(2 * LARGE)}`, `${chance.below(100)}`]];
  await client.pipelineRaw([...commands, ...pads, ...(chance.chance(0.1) ? large : [])]);
}

async function infoOf({ server }: Place, name: string): Promise<string> {
  await using client = await connect(server.port); // the other one may be within a MULTI
  const text = await client.callRaw("INFO", "persistence");
  return new RegExp(`^${name}:(.*)\r$`, "m").exec(text)?.[1] ?? "";
}

/** Changes data until what runs in the background has ended; returns how many batches it took. */
async function changeWhile(place: Place, field: string): Promise<number> {
  const draws = [true, false].map((packed) => everything({ payloads: ["x"], packed }));
  let batches = 0;
  do {
    await change(place.client, place.chance.pick(draws), place.chance);
    batches++;
    assert(batches < 20_000, "the snapshot does not end");
  } while (await infoOf(place, field) === "1");
  await place.client.callRaw("DISCARD");
  return batches;
}

async function open(args: readonly string[], chance: Seeded): Promise<Place & AsyncDisposable> {
  const server = await startRedeno([...COMMON, ...args]);
  const client = await connect(server.port);
  return {
    server,
    client,
    chance,
    async [Symbol.asyncDispose]() {
      client.close();
      await server.stop();
    },
  };
}

const { seed, size } = flags(2);

for (let round = 0; round < size; round++) {
  Deno.test(`BGSAVE writes the data of its moment while everything changes (seed ${seed + round})`, async () => {
    await using place = await open([], new Seeded(seed + round));
    const { server, client } = place;
    await fill(place);
    await client.callRaw("DISCARD");
    await client.callRaw("SELECT", "0");
    for (const db of ["1", "0"]) { // what has lapsed is gone
      await client.callRaw("SELECT", db);
      await client.callRaw("SCAN", "0", "COUNT", "1000000");
    }
    // In one turn. Within a transaction BGSAVE would only begin after it.
    const [atMoment, started] = await client.pipelineRaw([["DEBUG", "DIGEST"], ["BGSAVE"]]);
    assertEquals(started, "+Background saving started\r\n");
    const batches = await changeWhile(place, "rdb_bgsave_in_progress");
    assert(batches > 3, `nothing changed meanwhile: ${batches}`);
    assertEquals(await infoOf(place, "rdb_last_bgsave_status"), "ok", server.log());
    assertEquals(await client.callRaw("DEBUG", "DIGEST") === atMoment, false);

    await using copy = await startRedeno(COMMON, { dir: server.dir });
    const digest = await digestOf(copy);
    assert(
      atMoment.includes(digest),
      `${digest} is not the digest of the moment ${atMoment}: ${copy.log()}`,
    );
  });

  Deno.test(`a log that is rewritten while everything changes holds it all (seed ${seed + round})`, async () => {
    await using place = await open(["--appendonly", "yes"], new Seeded(seed + round + 1));
    const { server, client, chance } = place;
    await fill(place);
    for (const preamble of ["yes", "no"]) {
      await client.callRaw("CONFIG", "SET", "aof-use-rdb-preamble", preamble);
      await client.callRaw("DISCARD");
      assertEquals(
        await client.callRaw("BGREWRITEAOF"),
        "+Background append only file rewriting started\r\n",
      );
      const batches = await changeWhile(place, "aof_rewrite_in_progress");
      assert(batches > 3, `nothing changed meanwhile: ${server.log()}`);
      assertEquals(await infoOf(place, "aof_last_bgrewrite_status"), "ok", server.log());
      for (let i = 0; i < 5; i++) {
        await change(client, everything({ payloads: ["x"], packed: true }), chance);
      }
      await client.callRaw("DISCARD");
      const before = await digestOf(server);
      const names = Array.from(Deno.readDirSync(`${server.dir}/appendonlydir`), (e) => e.name);
      assertEquals(names.filter((name) => /\.(rdb|aof)$/.test(name)).length, 2, names.join(" "));
      await client.callRaw("DEBUG", "LOADAOF");
      assertEquals(await digestOf(server), before);
    }
  });
}
