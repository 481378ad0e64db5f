/**
 * ACL CAT GENPASS GETUSER HELP LIST USERS WHOAMI, of a server with one user: `default`, who may do
 * everything and whose password is `requirepass`.
 *
 * Promise: nothing here pretends that there are other users. What makes, changes or loads them is no
 * subcommand, and not in the help either.
 */

import { secretHex, sha256Hex } from "../platform/secrets.ts";
import { ACL_CATEGORIES, isInCategory } from "./acl_categories.ts";
import { command, type CommandFlag, type CommandRecord } from "./command.ts";
import { allCommands } from "./command_lookup.ts";
import type { Context, ServerHandle } from "./context.ts";
import { replyHelp } from "./help.ts";

/** The one user. */
const USER = "default";
/** Which commands, keys and channels are the user's: all. */
const COMMANDS = "+@all";
const KEYS = "~*";
const CHANNELS = "&*";

/** How much of an unknown category's name an error repeats. */
const NAME_LENGTH_MAX = 128;

const PASSWORD_BITS = 256;
const PASSWORD_BITS_MAX = 4096;
const BITS_A_DIGIT = 4;
const BAD_BITS = "ERR ACL GENPASS argument must be the number of bits for the output password, a " +
  `positive number up to ${PASSWORD_BITS_MAX}`;

const HELP = [
  "CAT [<category>]",
  "    List all commands that belong to <category>, or all command categories",
  "    when no category is specified.",
  "GETUSER <username>",
  "    Get the user's details.",
  "GENPASS [<bits>]",
  "    Generate a secure 256-bit user password. The optional `bits` argument can",
  "    be used to specify a different size.",
  "LIST",
  "    Show users details in config file format.",
  "USERS",
  "    List all the registered usernames.",
  "WHOAMI",
  "    Return the current connection username.",
];

const PUBLIC: readonly CommandFlag[] = ["noscript", "loading", "stale"];
/** What the records of the subcommands have in common, where they do not say otherwise. */
const shared = {
  arity: 2,
  flags: ["admin", ...PUBLIC],
  group: "server",
  since: "6.0.0",
  complexity: "O(N). Where N is the number of configured users.",
  syntax: "",
} satisfies Partial<CommandRecord>;

const cat = command({
  ...shared,
  name: "cat",
  arity: -2,
  flags: PUBLIC,
  summary: "Returns the categories of commands, or the commands of one.",
  complexity: "O(1) since the categories and commands are a fixed set.",
  syntax: "[categoryname]",
  run(ctx) {
    const { args, reply, server } = ctx;
    if (args.count > 3) return reply.error(tooMany(ctx));
    if (args.count === 2) return reply.bulkTexts(ACL_CATEGORIES);
    const category = args.text(2).split("\0", 1)[0]; // to Redis it is a C string
    if (!ACL_CATEGORIES.includes(category.toLowerCase())) {
      return reply.error(`ERR Unknown category '${category.slice(0, NAME_LENGTH_MAX)}'`);
    }

    const found = [...allCommands(server.commands)].filter((one) => isInCategory(one, category));
    reply.bulkTexts(found.map(({ fullName }) => fullName));
  },
});

const genPass = command({
  ...shared,
  name: "genpass",
  arity: -2,
  flags: PUBLIC,
  summary: "Makes up a password that nobody can guess.",
  complexity: "O(1)",
  syntax: "[bits]",
  run(ctx) {
    const { args, reply } = ctx;
    if (args.count > 3) return reply.error(tooMany(ctx));
    const bits = args.count === 3 ? ctx.integer(2) : PASSWORD_BITS;
    if (bits === undefined) return;
    if (bits <= 0 || bits > PASSWORD_BITS_MAX) return reply.error(BAD_BITS);

    reply.bulkText(secretHex(Math.ceil(Number(bits) / BITS_A_DIGIT)));
  },
});

const getUser = command({
  ...shared,
  name: "getuser",
  arity: 3,
  summary: "Returns what a user may do.",
  complexity: "O(N). Where N is the number of password, command and pattern rules that the user " +
    "has.",
  syntax: "username",
  history: [
    ["6.2.0", "Added Pub/Sub channel patterns."],
    [
      "7.0.0",
      "Added selectors and changed the format of key and channel patterns from a list to their " +
      "rule representation.",
    ],
  ],
  run({ args, reply, server }) {
    if (args.text(2) !== USER) return reply.null();

    const digest = passwordDigest(server);
    reply.map(6);
    reply.bulkText("flags");
    const flags = digest === undefined ? ["on", "nopass"] : ["on"];
    reply.set(flags.length);
    for (const flag of flags) reply.bulkText(flag);
    reply.bulkText("passwords");
    reply.bulkTexts(digest === undefined ? [] : [digest]);
    for (const [name, rule] of [["commands", COMMANDS], ["keys", KEYS], ["channels", CHANNELS]]) {
      reply.bulkText(name);
      reply.bulkText(rule);
    }
    reply.bulkText("selectors");
    reply.array(0);
  },
});

const help = command({
  ...shared,
  name: "help",
  flags: ["loading", "stale"],
  summary: "Tells what the subcommands do.",
  complexity: "O(1)",
  run: ({ reply }) => replyHelp(reply, "ACL", HELP),
});

const list = command({
  ...shared,
  name: "list",
  summary: "Returns each user as a line of a configuration file.",
  run({ reply, server }) {
    const digest = passwordDigest(server);
    const password = digest === undefined ? "nopass" : `#${digest}`;
    reply.bulkTexts([`user ${USER} on ${password} ${KEYS} ${CHANNELS} ${COMMANDS}`]);
  },
});

const users = command({
  ...shared,
  name: "users",
  summary: "Returns the names of the users.",
  run: ({ reply }) => reply.bulkTexts([USER]),
});

const whoAmI = command({
  ...shared,
  name: "whoami",
  flags: PUBLIC,
  summary: "Returns the name of the connection's user.",
  complexity: "O(1)",
  run: ({ reply }) => reply.bulkText(USER),
});

/** ACL. */
export const aclCommand = command({
  name: "acl",
  arity: -2,
  flags: [],
  group: "server",
  since: "6.0.0",
  summary: "Tells what the one user, `default`, may do.",
  complexity: "Depends on subcommand.",
  syntax: "",
  subcommands: [cat, genPass, getUser, help, list, users, whoAmI],
});

/** The digest that Redis shows in the place of the password; undefined: any password will do. */
function passwordDigest({ config }: ServerHandle): string | undefined {
  const { requirepass } = config.values;
  return requirepass === "" ? undefined : sha256Hex(requirepass);
}

/** The words for arguments too many, where arity alone does not tell. */
function tooMany({ args }: Context): string {
  const container = args.text(0).replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  return `ERR unknown subcommand or wrong number of arguments for '${args.text(1)}'. ` +
    `Try ${container} HELP.`;
}
