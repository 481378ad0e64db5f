/** MONITOR and ROLE: what monitors are shown, when, and what they may do, as in the real Redis. */

import { PIECE_BYTES } from "../../lib/server/monitor_line.ts";
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { connectAt, SOCKET } from "../kit/unix_client.ts";
import { eventually } from "../server/kit.ts";
import { compareSteps, masked, Monitored, readUntil, type Step, steps } from "./monitor_kit.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const always = { sanitizeOps: true, sanitizeResources: true };

/** Both servers with these options. */
async function both(
  options: readonly string[],
  test: (redis: Server, redeno: Server) => Promise<void>,
): Promise<void> {
  await using redis = await startRedis(options);
  await using redeno = await startRedeno(options);
  await test(redis, redeno);
}

/** What a client does, and what a monitor is shown of it. */
const SHOWN = steps(`
  c> SET k v ; GET k ; gEt nokey ; ping ; ECHO hello_there
  c> GET ; NOSUCH a b ; CLIENT NOSUCH ; CLIENT ; CLIENT SETNAME ; EXEC x
  c> LPUSH k v ; INCR k ; SELECT 99 ; SETEX k 0 v ; EXEC ; DISCARD
  c> AUTH secret ; AUTH user secret
  c> HELLO 2 AUTH default secret ; HELLO 2 SETNAME me AUTH user secret ; HELLO 2 SETNAME AUTH
  c> HELLO 2 SETNAME AUTH AUTH user secret
  c> HELLO 3 ; HELLO 9 ; HELLO ; HELLO 2
  c> CONFIG GET hz ; CONFIG SET hz 10 ; CONFIG HELP ; CLIENT NO-EVICT OFF ; CLIENT HELP
  c> SLOWLOG LEN ; SLOWLOG HELP ; LATENCY RESET ; DEBUG JMAP ; LASTSAVE ; SAVE ; MONITOR x
  c> CLIENT GETNAME ; COMMAND GETKEYS GET k ; OBJECT ENCODING k ; OBJECT HELP ; MEMORY USAGE nokey ; ROLE
  c> SELECT 3 ; SET k v ; SWAPDB 3 4 ; MOVE k 5 ; SELECT 0
  c> INCRBYFLOAT f 1.5 ; SET e v EX 1000 ; GETEX e PERSIST ; SPOP nokey ; GETSET f x ; RENAME f g
  c> GEOADD p 1 1 a ; GEORADIUS p 1 1 5 km STORE q ; SORT nokey STORE q ; XADD x 1-1 a b
  c> MULTI ; SET a 1 ; CONFIG GET hz ; AUTH secret ; LPUSH k v ; SELECT 2 ; GET a ; EXEC
  c> SELECT 0 ; MULTI ; GET ; EXEC
  c> MULTI ; SET q 1 ; MULTI ; WATCH q ; DISCARD
  c> WATCH w ; SET w 1 ; MULTI ; SET q 2 ; EXEC ; UNWATCH
  c> MULTI ; BLPOP nokey 0 ; MONITOR ; ROLE ; EXEC
  c> BLPOP nokey 0.01 ; BLMOVE nokey l LEFT LEFT 0.01 ; WAIT 0 0 ; WAIT 1 10
  c> SUBSCRIBE a ; PSUBSCRIBE c ; GET k ; PING ; PUBLISH a b ; UNSUBSCRIBE ; PUNSUBSCRIBE
  c> CLIENT REPLY OFF ; GET k ; CLIENT REPLY ON ; CLIENT REPLY SKIP ; GET k ; GET k
  c> PUBLISH a b ; SPUBLISH a b ; PUBSUB CHANNELS ; FLUSHDB ; FLUSHALL ASYNC ; DBSIZE ; RANDOMKEY
  c> RESET ; KEYS * ; SCAN 0
`);

Deno.test({ name: "commands are shown as Redis shows them", ...withRedis }, async () => {
  await both([], (redis, redeno) => compareSteps(redis, redeno, SHOWN));
});

Deno.test(
  { name: "every byte is quoted as in Redis, in lines of any length", ...withRedis },
  async () => {
    const { seed, size } = flags(20);
    const chance = new Seeded(seed);
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const random = (length: number) => Uint8Array.from({ length }, () => chance.between(0, 255));
    const commands: (string | Uint8Array)[][] = [["SET", bytes, ""], ["ECHO", "x".repeat(300_000)]];
    for (let shift = -60; shift <= 0; shift++) { // so that pieces end at each place of a line
      commands.push(["MGET", "x".repeat(PIECE_BYTES + shift), "\n\0", "y"]);
    }
    for (let i = 0; i < size; i++) {
      const lengths = Array.from({ length: chance.between(1, 50) }, () => chance.between(0, 3000));
      commands.push(["MGET", ...lengths.map(random)]);
    }
    await both([], async (redis, redeno) => {
      const all = commands.map((command): Step => ({ by: "client", commands: [command] }));
      await compareSteps(redis, redeno, all);
    });
  },
);

/** What a monitor may still do, and how its own commands are answered and shown. */
const BY_MONITOR = steps(`
  m> MONITOR ; PING ; ECHO x ; SELECT 3 ; TIMEX ; GET
  m> GET k ; SET k v ; DBSIZE ; KEYS * ; SCAN 0 ; FLUSHALL ; OBJECT ENCODING k ; PUBLISH a b
  m> BLPOP k 0 ; PFCOUNT k ; RANDOMKEY ; SPUBLISH a b ; MEMORY USAGE k ; SORT k
  m> MULTI ; PING ; GET k ; EXEC
  m> MULTI ; PING ; SELECT 2 ; CONFIG GET hz ; EXEC
  m> MULTI ; MONITOR ; DISCARD
  m> WATCH a ; UNWATCH ; LASTSAVE ; ROLE ; PUBSUB CHANNELS ; WAIT 1 10 ; CLIENT NO-EVICT OFF
  m> SUBSCRIBE a ; PING ; ECHO x ; UNSUBSCRIBE ; ECHO x
  c> SELECT 0 ; SET k v
  m> HELLO 3 ; PING ; SUBSCRIBE a ; CLIENT GETNAME
  c> PUBLISH a b
  m> UNSUBSCRIBE a ; HELLO 2
  m> CLIENT REPLY SKIP ; PING ; ECHO x
  m> CLIENT REPLY OFF ; ECHO y ; CLIENT REPLY ON ; ECHO z
  m> AUTH secret ; CLIENT LIST TYPE replica ; CLIENT LIST TYPE pubsub ; CLIENT KILL TYPE replica
`);

Deno.test(
  { name: "a monitor has no keys, and sees its own commands too", ...withRedis },
  async () => {
    await both([], (redis, redeno) => compareSteps(redis, redeno, BY_MONITOR));
  },
);

/** What a monitor without replies gets of what others do. */
async function withoutReplies(server: Server): Promise<string> {
  await using both = await Monitored.open(server);
  const { client, monitor } = both;
  await monitor.sendRaw("CLIENT REPLY SKIP\r\n");
  let got = await readUntil(monitor, '"SKIP"\r\n');
  await client.call("ECHO", "skipped");
  await monitor.sendRaw("PING\r\nECHO hello\r\n");
  got += await readUntil(monitor, '"hello"\r\n');
  await monitor.sendRaw("CLIENT REPLY OFF\r\n");
  await eventually("the monitor's command has run", async () => {
    const list = await client.callRaw("CLIENT", "LIST"); // it is not shown
    return /flags=O .* cmd=client\|reply /.test(list);
  });
  await client.call("ECHO", "not shown");
  await monitor.sendRaw("CLIENT REPLY ON\r\n");
  got += await readUntil(monitor, '"ON"\r\n');
  return masked(got);
}

Deno.test({ name: "CLIENT REPLY holds for what a monitor is shown", ...withRedis }, async () => {
  await both([], async (redis, redeno) => {
    assertEquals(await withoutReplies(redeno), await withoutReplies(redis));
  });
});

/** What a monitor gets that says RESET, is one again, and says QUIT. */
async function resetAndQuit(server: Server): Promise<string> {
  await using both = await Monitored.open(server);
  const { client, monitor } = both;
  await client.call("ECHO", "first");
  let got = await readUntil(monitor, '"first"\r\n') + await monitor.callRaw("RESET");
  await client.call("ECHO", "second");
  got += await monitor.callRaw("SET", "k", "v"); // it may again
  got += await monitor.callRaw("MONITOR");
  await client.call("ECHO", "third");
  got += await readUntil(monitor, '"third"\r\n');
  await monitor.sendRaw("QUIT\r\n");
  got += await monitor.readToEnd();
  await client.call("ECHO", "nobody listens");
  return masked(got);
}

Deno.test({ name: "RESET ends monitoring, and QUIT the connection", ...withRedis }, async () => {
  await both([], async (redis, redeno) => {
    assertEquals(await resetAndQuit(redeno), await resetAndQuit(redis));
  });
});

Deno.test({ name: "who waits is shown when it begins to wait", ...withRedis }, async () => {
  const shown = async (server: Server) => {
    await using both = await Monitored.open(server);
    await using waiting = await connect(server.port);
    await waiting.sendRaw("BLPOP list 0\r\n");
    let got = await readUntil(both.monitor, '"BLPOP" "list" "0"\r\n');
    await both.client.call("RPUSH", "list", "a");
    got += await waiting.readRaw();
    return masked(got + (await both.take({ by: "client", commands: [] })).monitor);
  };
  await both([], async (redis, redeno) => assertEquals(await shown(redeno), await shown(redis)));
});

Deno.test({ name: "CLIENT PAUSE does not hold up monitors", ...withRedis }, async () => {
  const shown = async (server: Server) => {
    await using both = await Monitored.open(server);
    await both.client.call("CLIENT", "PAUSE", "600000");
    await both.client.sendRaw("ECHO later\r\n");
    const got = (await both.take({ by: "monitor", commands: [] })).monitor;
    await both.monitor.sendRaw("CLIENT UNPAUSE\r\n");
    const rest = await readUntil(both.monitor, '"later"\r\n');
    return masked(got + await both.client.readRaw() + rest);
  };
  await both([], async (redis, redeno) => assertEquals(await shown(redeno), await shown(redis)));
});

Deno.test({ name: "CLIENT LIST shows monitors with the flag O", ...withRedis }, async () => {
  const flagsOf = async (server: Server) => {
    await using both = await Monitored.open(server);
    const all: string[] = [];
    const look = async (type: string) => {
      const list = await both.client.callRaw("CLIENT", "LIST", "TYPE", type);
      all.push(`${type}: ${list.match(/flags=\S+/g)?.join(" ")}`);
    };
    await look("normal");
    await look("replica");
    await both.take({ by: "monitor", commands: [["SUBSCRIBE", "a"]] });
    await look("normal");
    await look("pubsub");
    return all;
  };
  await both([], async (redis, redeno) => {
    assertEquals(await flagsOf(redeno), await flagsOf(redis));
  });
});

Deno.test(
  { name: "who comes through a Unix socket is shown with its path", ...withRedis },
  async () => {
    const shown = async (server: Server) => {
      await using both = await Monitored.open(server);
      await using local = await connectAt(`${server.dir}/${SOCKET}`);
      await local.call("ECHO", "hello");
      return masked(await readUntil(both.monitor, '"hello"\r\n'));
    };
    await both(["--unixsocket", SOCKET], async (redis, redeno) => {
      assertEquals(await shown(redeno), await shown(redis));
    });
  },
);

Deno.test({ name: "names of rename-command are shown as sent", ...withRedis }, async () => {
  const script = "c> ecco hi ; ECHO hi ; cfg get hz ; konto secret ; MULTI ; ecco x ; EXEC";
  const options = ["--rename-command", "ECHO", "ecco", "--rename-command", "CONFIG", "cfg"];
  await both([...options, "--rename-command", "AUTH", "konto"], async (redis, redeno) => {
    await compareSteps(redis, redeno, steps(script));
  });
});

Deno.test({ name: "the replay of the log is not shown", ...withRedis }, async () => {
  const options = ["--appendonly", "yes", "--enable-debug-command", "yes"];
  await both(options, async (redis, redeno) => {
    await compareSteps(redis, redeno, steps("c> SET k v ; INCR n ; DEBUG LOADAOF ; GET k"));
  });
});

Deno.test({ name: "before AUTH nothing is shown, and MONITOR refused", ...withRedis }, async () => {
  const shown = async (server: Server) => {
    await using both = await Monitored.open(server);
    await both.client.call("CONFIG", "SET", "requirepass", "secret");
    await using late = await connect(server.port);
    let got = "";
    for (const line of ["MONITOR", "PING", "AUTH wrong", "AUTH secret", "MONITOR"]) {
      got += await late.callRaw(...line.split(" "));
    }
    return masked(got + (await both.take({ by: "client", commands: [] })).monitor);
  };
  await both([], async (redis, redeno) => assertEquals(await shown(redeno), await shown(redis)));
});

Deno.test(
  { name: "a malformed command shows no password either, unlike Redis", ...always },
  async () => {
    await using redeno = await startRedeno();
    await using both = await Monitored.open(redeno);
    const script = "c> AUTH a secret c ; HELLO 9 AUTH a secret ; HELLO 2 AUTH secret";
    const { monitor } = await both.take(steps(script)[0]);
    assertEquals(monitor.match(/"AUTH".*|"HELLO".*/g), [
      '"AUTH" "(redacted)" "(redacted)" "(redacted)"',
      '"HELLO" "9" "AUTH" "(redacted)" "(redacted)"',
      '"HELLO" "2" "AUTH" "(redacted)"',
    ]);
  },
);

Deno.test(
  { name: "a monitor over the output limit of normal clients is closed", ...withRedis },
  async () => {
    const outcome = async (server: Server) => {
      await using both = await Monitored.open(server);
      await both.client.call(
        "CONFIG",
        "SET",
        "client-output-buffer-limit",
        "normal 1mb 0 0 replica 1kb 0 0 pubsub 1kb 0 0",
      );
      const below = (await both.take({ by: "client", commands: [["ECHO", "x".repeat(500_000)]] }))
        .monitor.length;
      await both.client.call("SET", "k", "\0".repeat(400_000)); // quoted it is too much
      const rest = await both.monitor.readToEnd().catch(() => "");
      const list = await both.client.callRaw("CLIENT", "LIST");
      return { below, hasLine: rest.includes("\r\n"), isListed: list.includes("flags=O") };
    };
    await both([], async (redis, redeno) => {
      assertEquals(await outcome(redeno), await outcome(redis));
      assertMatch(redeno.log(), /closed for overcoming of output buffer limits/);
    });
  },
);

Deno.test(
  { name: "the limit holds within a line: a huge one costs no memory", ...always },
  async () => {
    await using redeno = await startRedeno(["--client-output-buffer-limit", "normal 1mb 0 0"]);
    await using both = await Monitored.open(redeno);
    const peakBytes = async () => {
      const text = await Deno.readTextFile(`/proc/${redeno.process.pid}/status`);
      return Number(/VmHWM:\s+(\d+) kB/.exec(text)![1]) * 1024;
    };
    const value = new Uint8Array(64 * 1024 * 1024);
    await both.client.call("SET", "k", value); // what the value itself takes
    await both.monitor.readToEnd().catch(() => "");
    await both.client.call("SET", "k", value);
    const before = await peakBytes();
    await using monitor = await connect(redeno.port);
    await monitor.call("MONITOR");
    await both.client.call("SET", "k", value);
    const after = await peakBytes();
    assert(after - before < 200 * 1024 * 1024, `${after - before} more bytes`); // quoted: 256 MiB
    assert(!(await both.client.callRaw("CLIENT", "LIST")).includes("flags=O"));
  },
);

Deno.test({ name: "`timeout` does not close monitors", ...always }, async () => {
  await using redeno = await startRedeno(["--timeout", "1"]);
  await using both = await Monitored.open(redeno);
  await using idle = await connect(redeno.port);
  await idle.readToEnd();
  await using other = await connect(redeno.port);
  await other.call("ECHO", "still here");
  assertMatch(await readUntil(both.monitor, '"still here"\r\n'), /"ECHO" "still here"/);
});

Deno.test({ name: "what a slow monitor holds up is no command's time", ...always }, async () => {
  await using redeno = await startRedeno(["--slowlog-log-slower-than", "20000"]);
  await using both = await Monitored.open(redeno);
  await both.client.call("SET", "k", "\0".repeat(30_000_000)); // showing it takes longer than GET
  await both.client.call("SLOWLOG", "RESET");
  const large = "\0".repeat(30_000_000);
  await both.client.pipeline([["ECHO", "x"], ["APPEND", "other", large], ["GET", "nokey"]]);
  const slow = await both.client.callRaw("SLOWLOG", "GET");
  assert(!slow.includes("nokey"), slow.slice(0, 500));
});

Deno.test({ name: "ROLE is that of a master without replicas", ...withRedis }, async () => {
  await both([], async (redis, redeno) => {
    await using pair = await Pair.open(redis.port, redeno.port);
    await pair.both("ROLE");
    await pair.both("SET", "k", "v");
    await pair.both("role");
    await pair.both("ROLE", "x");
    await pair.bothWith({ ignore: true }, "HELLO", "3");
    await pair.both("ROLE");
  });
});
