/** What `--help` prints. */

/** All tools at a glance. */
export const TOOLS_HELP = `Usage: redeno aof check DIR               is the log as it was written?
       redeno aof fix DIR                 cut it where it is broken; asks first
       redeno aof restore DIR --into NEW  the log as it was at some moment
       redeno aof restore --from ARCHIVE --into NEW   the same, from aof-archive-dir
       redeno aof dump DIR                its commands, to read
       redeno rdb check FILE              is the snapshot as it was written?

DIR is the directory of the log (appendonlydir), the one above it, its manifest, or the single file
of a server before Redis 7. Every tool takes --help, and --quiet for no progress and few lines.

Exit codes: 0 all is well, 1 damaged or not done, 2 only the end is torn, 3 wrong usage, or
something cannot be read.
`;

/** By tool. */
export const HELP: Readonly<Record<string, string>> = {
  "aof check": `Usage: redeno aof check DIR [--quiet]

Reads the manifest, the base and every incremental file, verifies all checksums, executes nothing
and changes nothing. Tells of each file how it is written, how many batches and commands are in it,
from when they are, and whether it is whole, torn or damaged, where, and after how many commands;
then the commands by name and by database, and what else lies in the directory.

While a server writes to the log its last batch may look torn: ask again.

Exit codes: 0 all is well, 1 damaged, 2 the end is torn: a server would cut it when it starts,
3 wrong usage, or something cannot be read.
`,
  "aof fix": `Usage: redeno aof fix DIR [--yes] [--quiet]

Cuts a log where it is torn or damaged, so that a server loads it: shows what is kept and what is
lost, and asks first. What is cut off a file is kept beside it as <file>.cut-<offset>; later files
leave the log and are kept as <file>.cut-0. Where the manifest is missing or broken one is proposed.
Refuses while a server uses the log. Make a copy first if you can: restoring a backup, or redeno aof
restore --from an archive, loses less.

  --yes   do it without asking

Exit codes: 0 the log is whole now, 1 it is not, 3 wrong usage, in use, or cannot be read.
`,
  "aof restore": `Usage: redeno aof restore DIR --to-time TIME --into NEW [--quiet]
       redeno aof restore DIR --to-offset [FILE:]OFFSET --into NEW [--quiet]
       redeno aof restore --from ARCHIVE [--to-time TIME] --into NEW [--quiet]

Makes a new directory NEW with the log as it was; start a server with '--dir NEW --appendonly yes'.
DIR is not changed, and a server may go on using it. Only whole commands and whole transactions are
kept, and everything that is kept has been verified. Whole files become hard links where that works.

  --to-time TIME     all that was written until the end of this second: seconds since the epoch, or
                     ISO 8601 (2026-11-22T13:26:11Z, 2026-11-22T14:26:11+01:00; without a zone: UTC).
                     Needs aof-checksums or aof-timestamp-enabled when the log was written
  --to-offset PLACE  all that stands before this offset, which 'redeno aof dump' tells of each
                     command; without FILE it is in the last one
  --from ARCHIVE     from a directory that aof-archive-dir has named
  --into NEW         must be empty, or not be there

Exit codes: 0 restored, 1 it cannot be restored to there, 3 wrong usage, or cannot be read.
`,
  "aof dump": `Usage: redeno aof dump DIR [filters] [--json] [--base]

Prints one line for each command: file and offset, time, database, and the command as MONITOR of
redis-cli shows it. Transactions and SELECT are shown as they stand in the log. A base in RDB format
is summed up in lines that begin with '#'.

  --match GLOB      commands with a key that matches, as KEYS does; FLUSHALL, FLUSHDB and SWAPDB too
  --db N            commands in database N; FLUSHALL and SWAPDB too
  --from-time TIME  not before this second: seconds since the epoch, or ISO 8601
  --to-time TIME    not after this second
  --command NAME    only this command
  --json            one object a line: file, offset, time, db, command; arguments that are no text
                    are {"base64": "..."}
  --base            the keys of a base in RDB format, with --match and --db

Exit codes: 0 all was read, 1 damaged: the dump ends there, 2 the end is torn, 3 wrong usage, or
something cannot be read.
`,
  "rdb check": `Usage: redeno rdb check FILE [--quiet]

Reads a snapshot (dump.rdb) as loading does, but stores nothing: every value is decoded, and the
checksum is compared. Tells its version, and the keys by database and type.

Exit codes: 0 all is well, 1 damaged, or of a kind that redeno cannot load, 3 wrong usage, or cannot
be read.
`,
};
