/**
 * `rename-command NAME NEW`, of which a file may hold many: each is done to what those before it
 * have left. Whether there is such a command is for whoever has the commands to say
 * (`commands/command_renames.ts`); CONFIG GET and CONFIG SET do not know the directive.
 */

/** One line of `rename-command`. */
export interface CommandRename {
  /** The command's name before, in any case, as byte text. */
  readonly name: string;
  /** Its name from then on, as byte text; empty: the command can no longer be called. */
  readonly newName: string;
  /** Where it stands, as messages begin: `redis.conf:7: 'rename-command KEYS ""'`. */
  readonly place: string;
}
