/** ASKING, CLUSTER, READONLY, READWRITE: what Redis answers that is no node of a cluster. */

import { clusterCommands } from "../../lib/commands/cluster.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { commandFacts, type Plain, plain, resp3 } from "./introspection_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
/** More arguments than any of the commands needs. */
const ARGUMENTS_MAX = 4;

Deno.test({ name: "cluster support is disabled, whatever is asked", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  const containers = clusterCommands.filter(({ subcommands }) => subcommands !== undefined);
  const names = [
    ...clusterCommands.map(({ name }) => [name]),
    ...containers.flatMap(({ name, subcommands = [] }) => subcommands.map((s) => [name, s.name])),
  ];
  assert(names.length > 30);
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    await pair.both("CLUSTER", "nosuch");
    await pair.both("cluster", "KeySlot", "k");
    for (const name of names) {
      for (let count = 0; count <= ARGUMENTS_MAX; count++) {
        await pair.both(...name, ...Array.from({ length: count }, () => "1"));
      }
    }
  }
});

Deno.test({ name: "they are queued by MULTI and refused by EXEC", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.both("MULTI");
  for (const line of ["ASKING", "READONLY", "READWRITE", "CLUSTER INFO", "CLUSTER KEYSLOT k"]) {
    await pair.both(...line.split(" "));
  }
  await pair.both("EXEC");
  await pair.both("MULTI");
  await pair.both("CLUSTER", "KEYSLOT");
  await pair.both("EXEC");
});

Deno.test({ name: "no subcommand of CLUSTER is left out", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using client = await resp3(redis);
  const [entry] = plain(await client.call("COMMAND", "INFO", "CLUSTER")) as Plain[];
  const theirs = commandFacts(entry).subcommands.map(({ name }) => name).sort();
  const ours = clusterCommands.find(({ name }) => name === "cluster")!.subcommands!;
  assertEquals(ours.map(({ fullName }) => fullName).sort(), theirs);
});
