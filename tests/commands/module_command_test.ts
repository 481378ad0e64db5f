/** MODULE: what Redis answers that has no modules and may load none. */

import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const ASKED = [
  "MODULE",
  "MODULE nosuch",
  "MODULE HELP",
  "module help",
  "MODULE HELP x",
  "MODULE LIST",
  "MODULE LIST x",
  "MODULE LOAD",
  "MODULE LOAD /nosuch.so",
  "MODULE LOAD /nosuch.so a b",
  "MODULE LOADEX",
  "MODULE LOADEX /nosuch.so CONFIG a b ARGS c",
  "MODULE UNLOAD",
  "MODULE UNLOAD nosuch",
  "MODULE UNLOAD nosuch x",
];

Deno.test({ name: "there are no modules, and none can be loaded", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  for (const protocol of ["2", "3"]) {
    await pair.bothWith({ ignore: true }, "HELLO", protocol);
    for (const line of ASKED) await pair.both(...line.split(" "));
    await pair.both("MULTI");
    await pair.both("MODULE", "LIST");
    await pair.both("EXEC");
  }
});
