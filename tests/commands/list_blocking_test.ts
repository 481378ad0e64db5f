/** BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH and who serves them, beside the real Redis. */

import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { BlockingRoom } from "./blocking_kit.ts";
import { logged } from "./logged.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: Readonly<Record<string, string>> = {
  "who waits longest is served first, and one push may serve many": `
    A BLPOP k 0
    B BRPOP k other 0
    C BLMPOP 0 2 other k RIGHT COUNT 2
    D BLPOP k 0
    P RPUSH k 1 2 3
    P RPUSH k 4 5
    P LRANGE k 0 -1`,
  "a waiter for several keys is served by the one that comes first": `
    A BLPOP x y z 0
    B BLPOP z y x 0
    P MULTI
    P RPUSH y 1
    P RPUSH x 2
    P EXEC
    P EXISTS x y z`,
  "a key given twice is waited for once": `
    A BLPOP k k 0
    P RPUSH k 1 2
    P LRANGE k 0 -1`,
  "what is there is served at once": `
    P RPUSH b 1 2 3
    A BLPOP a b 0
    A BRPOP a b 0
    A BLMPOP 0 2 a b LEFT
    P RPUSH b 1
    A BLMOVE b c LEFT RIGHT 0
    A BRPOPLPUSH c c 0
    A LRANGE c 0 -1`,
  "waits one after the other, each with its own arguments": `
    A BLMOVE a-rather-long-name-of-a-list l1 LEFT RIGHT 0
    P RPUSH a-rather-long-name-of-a-list 1 2
    B BLMOVE k l2 RIGHT LEFT 0
    A BLMOVE m l3 LEFT LEFT 0
    P RPUSH m x
    P RPUSH k y z
    A BLPOP k n o p 0.5
    P RPUSH k v
    P LRANGE l1 0 -1
    P LRANGE l2 0 -1
    P LRANGE l3 0 -1
    A BLPOP n 007
    P RPUSH n 1`,
  "the wait ends with the time": `
    A BLPOP k 0.3
    B BRPOP k 0.31
    C BLMPOP 0.32 1 k LEFT
    D BLMOVE k l LEFT RIGHT 0.33
    E BRPOPLPUSH k l 0.34
    F HELLO 3
    F BLPOP k 0.35
    G BRPOP k 0
    SLEEP 500
    P RPUSH k 1
    P LRANGE k 0 -1`,
  "timeouts and options that cannot be": `
    A BLPOP k -1
    A BLPOP k abc
    A BLPOP k 1e300
    A BLPOP k inf
    A BLPOP k nan
    A BLPOP k _1
    A BLPOP k 1_
    A BLPOP k 9223372036854776
    A BLPOP k ""
    A BLPOP k
    A BLMPOP -1 1 k LEFT
    A BLMPOP x 0 k LEFT
    A BLMPOP 0 0 k LEFT
    A BLMPOP 0 x k LEFT
    A BLMPOP 0 2 k LEFT
    A BLMPOP 0 1 k MIDDLE
    A BLMPOP 0 1 k LEFT COUNT 0
    A BLMPOP 0 1 k LEFT COUNT x
    A BLMPOP 0 1 k LEFT COUNT
    A BLMPOP 0 1 k LEFT COUNT 1 COUNT 2
    A BLMPOP 0 1 k LEFT WRONG 1
    A BLMOVE a b LEFT UP 0
    A BLMOVE a b UP LEFT 0
    A BLMOVE a b LEFT RIGHT -1
    A BRPOPLPUSH a b x
    A SET s 1
    A BLPOP s 0
    A BLPOP nokey s 0
    A BLMOVE s t LEFT LEFT 0
    A BRPOPLPUSH s t 0
    A BLMPOP 0 1 s LEFT
    A RPUSH l 1
    A BLMOVE l s LEFT LEFT 0
    A LRANGE l 0 -1`,
  "inside MULTI nobody waits": `
    A MULTI
    A BLPOP k 0
    A BLMPOP 0 1 k LEFT
    A BLMOVE k l LEFT RIGHT 0
    A BRPOPLPUSH k l 0
    A RPUSH k 1
    A BLPOP k 0
    A EXEC
    A BLPOP k 0
    B RPUSH k last`,
  "a transaction is served when it is over": `
    A BLPOP k 0
    B MULTI
    B RPUSH k 1
    B DEL k
    B EXEC
    B MULTI
    B RPUSH k 1 2
    B LPOP k
    B EXEC`,
  "commands that make the key serve": `
    A BLPOP k 0
    P RPUSH from renamed
    P RENAME from k
    A BLPOP k 0
    P RPUSH from copied
    P COPY from k
    A BLPOP k 0
    P LMOVE from k LEFT LEFT
    A BLPOP k 0
    P RPUSH from moved
    P RPOPLPUSH from k
    A SELECT 1
    A BLPOP k 0
    P RPUSH k otherdb
    P MOVE k 1
    A BLPOP k 0
    P RPUSH k swapped
    P SWAPDB 0 1
    P LINSERT k BEFORE x y
    P LPUSHX k x`,
  "a key of another type serves nobody": `
    A BLPOP k 0
    P SET k string
    P DEL k
    P APPEND k string
    P GETDEL k
    P RPUSH k 1`,
  "a move that waits serves the next one who waits": `
    A BLMOVE a b LEFT RIGHT 0
    B BLMOVE b c LEFT RIGHT 0
    C BLMOVE c d RIGHT LEFT 0
    D BLPOP d 0
    P RPUSH a element
    P DBSIZE`,
  "moves in a circle come to an end": `
    A BRPOPLPUSH a b 0
    B BRPOPLPUSH b a 0
    P RPUSH a x
    P LRANGE a 0 -1
    P LRANGE b 0 -1
    A BRPOPLPUSH e e 0
    P RPUSH e 1 2
    P LRANGE e 0 -1`,
  "a move to what is no list answers so and leaves the element to the next": `
    P SET s 1
    A BLMOVE k s LEFT RIGHT 0
    B BLPOP k 0
    P RPUSH k x`,
  "CLIENT UNBLOCK ends a wait as timeout or as error": `
    A BLPOP k 0
    B BLMOVE k l LEFT LEFT 0
    C BRPOP k 0
    P CLIENT UNBLOCK #A
    P CLIENT UNBLOCK #B TIMEOUT
    P CLIENT UNBLOCK #C ERROR
    P CLIENT UNBLOCK #C ERROR
    P CLIENT UNBLOCK #P
    P RPUSH k 1
    A BLPOP k 0
    A BLPOP k 0
    P MULTI
    P CLIENT UNBLOCK #A ERROR
    P RPUSH k 2
    P EXEC
    P LRANGE k 0 -1`,
  "a client that goes is no longer served": `
    A BLPOP k 0
    B BLPOP k 0
    A CLOSE
    P RPUSH k 1
    C BLPOP k 0
    P CLIENT KILL ID #C
    C CLOSE
    P RPUSH k 2
    P LRANGE k 0 -1`,
  "WATCH notices an element that a waiter took away": `
    W WATCH k
    A BLPOP k 0
    P RPUSH k 1
    W MULTI
    W PING
    W EXEC`,
  "LPUSH, and many elements, serve in the order of the list": `
    A BLPOP k 0
    B BRPOP k 0
    P LPUSH k 1 2 3
    P LRANGE k 0 -1
    A BLMPOP 0 1 new LEFT COUNT 10
    P RPUSH new 1 2 3
    P EXISTS new`,
};

Deno.test({
  name: "blocking list commands and their replies are those of Redis",
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

Deno.test({
  name: "the log gets what waiting commands did, each as a unit of its own",
  ...withRedis,
  async fn() {
    const options = ["--appendonly", "yes", "--appendfsync", "always"];
    await using redis = await startRedis(options);
    await using redeno = await startRedeno([...options, "--save", ""]);
    {
      await using room = new BlockingRoom(redis, redeno);
      await room.run(`
        A BLPOP k 0
        B BLMOVE k d LEFT RIGHT 0
        C BLPOP d 0
        D BLMPOP 0 1 k LEFT COUNT 5
        E BRPOPLPUSH k zz 0
        F BRPOP k 0
        P rpush k a b c d e f g h i
        P LMPOP 2 x k RIGHT COUNT 9
        P RPUSH k 1 2 3 4 5
        P BLPOP k 0
        P BRPOP k 0
        P BLMPOP 0 1 k LEFT
        P BLMOVE k l LEFT RIGHT 0
        P BRPOPLPUSH k l 0
        P LMOVE l k LEFT RIGHT
        P RPOPLPUSH l l
        P LPOP l 7
        P LTRIM k 0 -1
        P LREM k 0 x
        P LSET k 0 y
        P LINSERT k BEFORE y x
        P LINSERT k BEFORE nopivot x
        P LPOP nokey
        P LTRIM k 1 -1
        P LTRIM k 5 6
        A BLPOP k 0.01
        SLEEP 20
        A BLPOP k 0
        B BLPOP m 0
        P MULTI
        P RPUSH k 1 2
        P RPUSH m 3
        P BLPOP k 0
        P BLPOP nokey 0
        P EXEC
        P SELECT 1
        A SELECT 1
        A BLPOP k 0
        P SELECT 0
        P RPUSH k moved
        P MOVE k 1`);
    }
    // Redis writes LEFT and RIGHT in small letters where it served a waiter.
    const inSmallLetters = (commands: string[]) => commands.map((each) => each.toLowerCase());
    assertEquals(inSmallLetters(await logged(redeno)), inSmallLetters(await logged(redis)));
  },
});

const NAMES = ["A", "B", "C", "D", "E", "F"];
const KEYS = ["a", "b", "c"];

/** A command for one of the connections that are free. */
function randomLine(chance: Seeded, room: BlockingRoom): string {
  const free = NAMES.filter((name) => !room.waits(name));
  const key = chance.pick(KEYS);
  const other = chance.pick(KEYS);
  const side = () => chance.pick(["LEFT", "RIGHT"]);
  const element = () => String(chance.below(100));
  const changing = [
    `RPUSH ${key} ${element()}`,
    `LPUSH ${key} ${element()} ${element()}`,
    `RPUSH ${key} ${element()} ${element()} ${element()}`,
    `LPOP ${key}`,
    `LMOVE ${key} ${other} ${side()} ${side()}`,
    `RENAME ${key} ${other}`,
    `COPY ${key} ${other} REPLACE`,
    `DEL ${key}`,
    `SET ${key} string`,
    `DEL ${key}`,
    `LRANGE ${key} 0 -1`,
  ];
  const waiting = [
    `BLPOP ${key} ${other} 0`,
    `BRPOP ${key} 0`,
    `BLMOVE ${key} ${other} ${side()} ${side()} 0`,
    `BRPOPLPUSH ${key} ${other} 0`,
    `BLMPOP 0 2 ${key} ${other} ${side()} COUNT ${chance.between(1, 3)}`,
  ];
  if (free.length === 1) return `${free[0]} ${chance.pick(changing)}`;
  if (free.length < 4 && chance.chance(0.1)) {
    const blocked = chance.pick(NAMES.filter((name) => room.waits(name)));
    return `${chance.pick(free)} CLIENT UNBLOCK #${blocked} ${chance.pick(["TIMEOUT", "ERROR"])}`;
  }
  return `${chance.pick(free)} ${chance.pick(chance.chance(0.5) ? changing : waiting)}`;
}

Deno.test({
  name: "random commands of several clients that wait for each other are answered as by Redis",
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

Deno.test({
  name: "a wait ends after the time that was given, and not before",
  async fn() {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    for (const wait_ms of [1, 20, 55]) {
      const began = performance.now();
      assertEquals(await client.callRaw("BLPOP", "k", String(wait_ms / 1000)), "*-1\r\n");
      const took_ms = performance.now() - began;
      assert(took_ms >= wait_ms - 1 && took_ms < wait_ms + 50, `${took_ms} ms for ${wait_ms}`);
    }
  },
});

Deno.test({
  name: "replies that were turned off stay off when a waiter is served",
  async fn() {
    await using redeno = await startRedeno(["--save", ""]);
    await using waiter = await connect(redeno.port);
    await using pusher = await connect(redeno.port);
    await waiter.send("CLIENT", "REPLY", "OFF");
    await waiter.send("BLPOP", "k", "0");
    assertEquals(await waiter.readRawWithin(50), undefined);
    assertEquals(await pusher.callRaw("RPUSH", "k", "1", "2"), ":2\r\n");
    assertEquals(await waiter.callRaw("CLIENT", "REPLY", "ON"), "+OK\r\n");
    assertEquals(await pusher.callRaw("LLEN", "k"), ":1\r\n");
  },
});

Deno.test({
  name: "a server stops at once while clients wait",
  async fn() {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    await client.send("BLPOP", "k", "0");
    await client.readRawWithin(50);
    const began = performance.now();
    assertEquals((await redeno.stop()).code, 0);
    assert(performance.now() - began < 5000);
    assertEquals(await client.readToEnd(), "");
  },
});
