/** Reading hashes: HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN. */

import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import { readHash } from "./hashes_lookup.ts";

/** What the records of one field have in common. */
const ofField = {
  arity: 3,
  flags: ["readonly", "fast"],
  acl: ["hash"],
  group: "hash",
  complexity: "O(1)",
  syntax: "key field",
} satisfies Partial<CommandRecord>;

/** What the records of whole hashes have in common. */
const ofAll = {
  arity: 2,
  flags: ["readonly"],
  acl: ["hash"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) where N is the number of fields.",
  syntax: "key",
  tips: ["nondeterministic_output_order"],
} satisfies Partial<CommandRecord>;

const hget = command({
  ...ofField,
  name: "hget",
  keys: [keyAt(1, "RO ACCESS")],
  since: "2.0.0",
  summary: "Returns the value of a field.",
  run(ctx) {
    const { args, reply } = ctx;
    const hash = readHash(ctx);
    if (hash === undefined) return;
    const found = hash.find(args.buf, args.start(2), args.end(2));
    if (found) reply.bulk(hash.bytes, hash.valueStart, hash.valueEnd);
    else reply.null();
  },
});

const hmget = command({
  name: "hmget",
  arity: -3,
  flags: ["readonly", "fast"],
  acl: ["hash"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "hash",
  since: "2.0.0",
  summary: "Returns the values of several fields.",
  complexity: "O(N) where N is the number of fields asked for.",
  syntax: "key field [field ...]",
  run(ctx) {
    const { args, reply } = ctx;
    const hash = readHash(ctx);
    if (hash === undefined) return;
    reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) {
      const found = hash.find(args.buf, args.start(i), args.end(i));
      if (found) reply.bulk(hash.bytes, hash.valueStart, hash.valueEnd);
      else reply.null();
    }
  },
});

const hexists = command({
  ...ofField,
  name: "hexists",
  keys: [keyAt(1, "RO")],
  since: "2.0.0",
  summary: "Tells whether a hash has a field.",
  run(ctx) {
    const { args, reply } = ctx;
    const hash = readHash(ctx);
    if (hash === undefined) return;
    reply.integer(hash.find(args.buf, args.start(2), args.end(2)) ? 1 : 0);
  },
});

const hstrlen = command({
  ...ofField,
  name: "hstrlen",
  keys: [keyAt(1, "RO")],
  since: "3.2.0",
  summary: "Returns the length of a field's value.",
  run(ctx) {
    const { args, reply } = ctx;
    const hash = readHash(ctx);
    if (hash === undefined) return;
    const found = hash.find(args.buf, args.start(2), args.end(2));
    reply.integer(found ? hash.valueEnd - hash.valueStart : 0);
  },
});

const hlen = command({
  name: "hlen",
  arity: 2,
  flags: ["readonly", "fast"],
  acl: ["hash"],
  keys: [keyAt(1, "RO")],
  group: "hash",
  since: "2.0.0",
  summary: "Returns the number of fields.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const hash = readHash(ctx);
    if (hash !== undefined) ctx.reply.integer(hash.size);
  },
});

const hgetall = command({
  ...ofAll,
  name: "hgetall",
  summary: "Returns all fields with their values.",
  run(ctx) {
    const { reply } = ctx;
    const hash = readHash(ctx);
    if (hash === undefined) return;
    reply.map(hash.size);
    hash.forEach((field, fieldStart, fieldEnd, value, valueStart, valueEnd) => {
      reply.bulk(field, fieldStart, fieldEnd);
      reply.bulk(value, valueStart, valueEnd);
    });
  },
});

const hkeys = command({
  ...ofAll,
  name: "hkeys",
  summary: "Returns all fields.",
  run(ctx) {
    const { reply } = ctx;
    const hash = readHash(ctx);
    if (hash === undefined) return;
    reply.array(hash.size);
    hash.forEach((field, start, end) => reply.bulk(field, start, end));
  },
});

const hvals = command({
  ...ofAll,
  name: "hvals",
  summary: "Returns all values.",
  run(ctx) {
    const { reply } = ctx;
    const hash = readHash(ctx);
    if (hash === undefined) return;
    reply.array(hash.size);
    hash.forEach((_field, _start, _end, value, start, end) => reply.bulk(value, start, end));
  },
});

/** The commands of this file. */
export const hashReadCommands: readonly Command[] = [
  hget,
  hmget,
  hgetall,
  hkeys,
  hvals,
  hlen,
  hexists,
  hstrlen,
];
