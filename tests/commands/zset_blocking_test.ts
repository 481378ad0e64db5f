/** BZPOPMIN BZPOPMAX BZMPOP: who waits is served in order, by whatever command fills the key. */

import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { BlockingRoom } from "./blocking_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: Readonly<Record<string, string>> = {
  "a member that comes is given to who waits longest": `
    A BZPOPMIN k 0
    B BZPOPMAX k 0
    C ZADD k 1 a 2 b 3 c
    C ZRANGE k 0 -1 WITHSCORES`,
  "the key that is filled is the one named in the reply": `
    A BZPOPMIN a b c 0
    B BZMPOP 0 3 a b c MAX COUNT 2
    C ZADD b 1 x
    C ZADD c 1 x 2 y 3 z
    C ZRANGE c 0 -1`,
  "RESP3 answers are nested": `
    A HELLO 3
    A BZPOPMAX a 0
    B HELLO 3
    B BZMPOP 0 1 a MIN COUNT 9
    C ZADD a 1 x 2 y 2.5 z`,
  "a key of another type serves nobody": `
    A BZPOPMIN k 0
    C RPUSH k x
    C DEL k
    C SADD k x
    C DEL k
    C ZADD k 1 x`,
  "commands that make or rename keys serve, too": `
    A BZPOPMIN k 0
    C ZADD z 1 a 2 b
    C RENAME z k
    B BZPOPMIN j 0
    C COPY k j
    D BZPOPMIN u 0
    C ZUNIONSTORE u 1 k
    E BZPOPMIN g 0
    C GEOADD g 1 1 place
    F BZPOPMIN r 0
    C ZRANGESTORE r k 0 -1
    G BZPOPMIN i 0
    C ZINCRBY i 1.5 m`,
  "within a transaction nobody waits, and who waits is served after it": `
    A BZPOPMIN k 0
    C MULTI
    C ZADD k 1 a
    C ZADD k 0 b
    C ZREM k b
    C EXEC
    C MULTI
    C BZPOPMIN k 0
    C EXEC`,
  "time that is over, and waits that are ended": `
    A BZPOPMIN k 0.05
    SLEEP 90
    B BZMPOP 0.05 1 k MIN
    SLEEP 90
    A BZPOPMAX k 0
    C CLIENT UNBLOCK #A ERROR
    A BZMPOP 0 1 k MAX
    C CLIENT UNBLOCK #A`,
};

Deno.test({
  name: "clients that wait for sorted sets are served as in Redis",
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
