/** XREAD and XREADGROUP that wait, and what ends the wait, beside the real Redis. */

import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { BlockingRoom } from "./blocking_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** A group that has read everything, and what is left of it when the key goes. */
const GROUP = `
    P XADD s 1-1 a 1
    P XGROUP CREATE s g $`;

const SCRIPTS: Readonly<Record<string, string>> = {
  "everybody who reads gets what is new": `
    A XREAD BLOCK 0 STREAMS s $
    B XREAD COUNT 1 BLOCK 0 STREAMS t s 0 0
    C HELLO 3
    C XREAD BLOCK 0 STREAMS s 0
    P XADD s 1-1 a 1
    A XREAD BLOCK 0 STREAMS s $
    P MULTI
    P XADD s 1-2 a 1
    P XADD s 1-3 a 1
    P EXEC`,
  "of a group one gets what is new, who waits longest first": `${GROUP}
    A XREADGROUP GROUP g a COUNT 1 BLOCK 0 STREAMS s >
    B XREADGROUP GROUP g b BLOCK 0 NOACK STREAMS s >
    C HELLO 3
    C XREADGROUP GROUP g c BLOCK 0 STREAMS s >
    P XADD s 2-1 a 1
    P MULTI
    P XADD s 2-2 a 1
    P XADD s 2-3 a 1
    P EXEC
    P XADD s 2-4 a 1
    P XPENDING s g
    P XINFO GROUPS s`,
  "what is there is read at once": `${GROUP}
    P XADD s 2-1 a 1
    A XREAD BLOCK 0 STREAMS none s 0 1
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s 0
    A XREADGROUP GROUP g b BLOCK 0 STREAMS s 0`,
  "the wait ends with the time": `${GROUP}
    A XREAD BLOCK 200 STREAMS s $
    B XREADGROUP GROUP g c BLOCK 210 STREAMS s >
    C HELLO 3
    C XREAD BLOCK 220 STREAMS s $
    SLEEP 400`,
  "timeouts that cannot be": `
    A XREAD BLOCK -1 STREAMS s $
    A XREAD BLOCK x STREAMS s $
    A XREAD BLOCK 1.5 STREAMS s $
    B XREAD BLOCK 9223372036854775807 STREAMS s $
    A XREAD BLOCK 9223372036854775808 STREAMS s $
    A XREAD STREAMS s $ BLOCK
    A XREAD BLOCK STREAMS s $`,
  "a key that goes ends the wait of its groups": ["DEL s", "SET s x", "RENAME s t", "FLUSHALL"]
    .concat("PEXPIREAT s 1", "SWAPDB 0 1", "UNLINK s", "MOVE s 1", "SET t x\n P RENAME t s")
    .map((goes) =>
      `${GROUP}
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    B XREADGROUP GROUP g b BLOCK 0 STREAMS s >
    C XREAD BLOCK 0 STREAMS s $
    P ${goes}
    P FLUSHALL
    P XADD s 9-9 a 1`
    ).join(`
    P FLUSHALL`),
  "a group that goes ends the wait of its consumers": `${GROUP}
    P XGROUP CREATE s other $
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    B XREADGROUP GROUP other b BLOCK 0 STREAMS s >
    P XGROUP DESTROY s g
    P XADD s 2-2 a 1
    P XGROUP CREATE s g $
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    P MULTI
    P DEL s
    P XADD s 3-3 a 1
    P EXEC
    P XGROUP CREATE s g $
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    P XADD t 4-4 a 1
    P RENAME t s`,
  "positions that are set serve nobody": `${GROUP}
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    B XREAD BLOCK 0 STREAMS s $
    P XGROUP SETID s g 0
    P XSETID s 9-9
    P XADD s 10-1 a 1`,
  "what came and went in one transaction leaves an empty answer": `${GROUP}
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    B XREAD BLOCK 0 STREAMS s $
    P MULTI
    P XADD s 2-2 a 1
    P XDEL s 2-2
    P EXEC`,
  "a stream that comes anew must be ahead of what was read": `
    P XADD s 5-5 a 1
    A XREAD BLOCK 0 STREAMS s $
    P DEL s
    P XADD s 1-1 a 1
    P XADD s 5-6 a 1
    P XADD t 9-9 a 1
    A XREAD BLOCK 0 STREAMS s $
    P RENAME t s`,
  "of a key given twice the first ID counts": `
    A XREAD BLOCK 0 STREAMS s s 5 3
    P XADD s 4 a 1
    P XADD s 6 a 1`,
  "inside MULTI nobody waits": `${GROUP}
    A MULTI
    A XREAD BLOCK 0 STREAMS s $
    A XREADGROUP GROUP g a BLOCK 0 STREAMS s >
    A EXEC`,
  "CLIENT UNBLOCK ends a wait as timeout or as error": `${GROUP}
    A XREAD BLOCK 0 STREAMS s $
    B XREADGROUP GROUP g b BLOCK 0 STREAMS s >
    P CLIENT UNBLOCK #A
    P CLIENT UNBLOCK #B ERROR
    P XADD s 2-2 a 1`,
  "lists and streams under one key do not mind each other": `
    A XREAD BLOCK 0 STREAMS k 0
    B BLPOP k 0
    P RPUSH k 1
    P XADD k 1-1 a 1`,
};

Deno.test({
  name: "streams that are waited for answer as those of Redis",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, async () => {
        await using room = new BlockingRoom(redis, redeno);
        await room.clear();
        await room.run(script);
      });
    }
  },
});

const NAMES = ["A", "B", "C", "D", "E"];

/** A command for one of the connections that are free. */
function randomLine(chance: Seeded, room: BlockingRoom): string {
  const free = NAMES.filter((name) => !room.waits(name));
  const key = chance.pick(["s", "t"]);
  const other = chance.pick(["s", "t"]);
  const group = chance.pick(["g", "h"]);
  const consumer = chance.pick(["x", "y"]);
  const id = () => `${chance.below(9)}-${chance.below(9)}`;
  const changing = [
    `XADD ${key} ${chance.below(9)}-* a ${chance.below(100)}`,
    `XADD ${key} ${chance.below(9)}-* a ${chance.below(100)}`,
    `XADD ${key} ${id()} a ${chance.below(100)}`,
    `XGROUP CREATE ${key} ${group} ${chance.pick(["$", "0"])} MKSTREAM`,
    `XGROUP CREATE ${key} ${group} ${chance.pick(["$", "0"])} MKSTREAM`,
    `XGROUP DESTROY ${key} ${group}`,
    `XGROUP SETID ${key} ${group} ${id()}`,
    `XDEL ${key} ${id()} ${id()}`,
    `XACK ${key} ${group} ${id()}`,
    `RENAME ${key} ${other}`,
    `COPY ${key} ${other} REPLACE`,
    `DEL ${key}`,
    `SET ${key} x`,
    `DEL ${key}`,
    `XPENDING ${key} ${group}`,
    `XINFO STREAM ${key}`,
  ];
  const waiting = [
    `XREAD BLOCK 0 STREAMS ${key} $`,
    `XREAD COUNT 2 BLOCK 0 STREAMS ${key} ${other} ${id()} $`,
    `XREADGROUP GROUP ${group} ${consumer} BLOCK 0 STREAMS ${key} >`,
    `XREADGROUP GROUP ${group} ${consumer} COUNT 1 BLOCK 0 STREAMS ${key} ${other} > >`,
    `XREADGROUP GROUP ${group} ${consumer} NOACK BLOCK 0 STREAMS ${key} >`,
  ];
  if (free.length === 1) return `${free[0]} ${chance.pick(changing)}`;
  return `${chance.pick(free)} ${chance.pick(chance.chance(0.6) ? changing : waiting)}`;
}

Deno.test({
  name: "random commands of several clients that wait for streams are answered as by Redis",
  ...withRedis,
  async fn() {
    const { seed, size } = flags(200);
    const chance = new Seeded(seed);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using room = new BlockingRoom(redis, redeno);
    for (let i = 0; i < size; i++) await room.run(randomLine(chance, room));
  },
});
