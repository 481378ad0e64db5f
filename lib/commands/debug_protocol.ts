/** DEBUG PROTOCOL: a reply of every type there is, for the tests of client libraries. */

import type { Reply } from "../resp/reply.ts";
import type { Context } from "./context.ts";

const BIG_NUMBER = "1234567999999999999999999999999999999";
const NO_PUSH = "ERR RESP2 is not supported by this command";

/** The types by their names, in the order in which the error lists them. */
const REPLIES: Readonly<Record<string, (reply: Reply) => void>> = {
  string: (reply) => reply.bulkText("Hello World"),
  integer: (reply) => reply.integer(12345),
  double: (reply) => reply.double(3.141),
  bignum: (reply) => reply.resp3 ? raw(reply, `(${BIG_NUMBER}\r\n`) : reply.bulkText(BIG_NUMBER),
  null: (reply) => reply.null(),
  array(reply) {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  set(reply) {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.integer(i);
  },
  map(reply) {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.integer(i);
      reply.boolean(i === 1);
    }
  },
  attrib(reply) {
    if (reply.resp3) {
      raw(reply, "|1\r\n");
      reply.bulkText("key-popularity");
      reply.array(2);
      reply.bulkText("key:123");
      reply.integer(90);
    }
    reply.bulkText("Some real reply following the attribute");
  },
  push(reply) {
    if (!reply.resp3) return reply.error(NO_PUSH);
    reply.push(2);
    reply.bulkText("server-cpu-usage");
    reply.integer(42);
    reply.bulkText("Some real reply following the push reply");
  },
  verbatim: (reply) => reply.verbatim("txt", "This is a verbatim\nstring"),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

/** Answers `DEBUG PROTOCOL type`. */
export function replyOfType({ args, reply }: Context): void {
  const name = args.text(2).toLowerCase();
  if (Object.hasOwn(REPLIES, name)) return REPLIES[name](reply);
  reply.error(
    "ERR Wrong protocol type name. Please use one of the following: " +
      Object.keys(REPLIES).join("|"),
  );
}

function raw(reply: Reply, text: string): void {
  reply.raw(new TextEncoder().encode(text));
}
