/**
 * What can go wrong with a configuration, one class for each place it is told: a value on its own,
 * a file or command line at start, CONFIG SET and CONFIG REWRITE at run time.
 */

/** A value that a directive does not take. */
export class ValueError extends Error {
  /** The same reason in the words used for files and command lines. */
  readonly plain: string;

  /**
   * Names a reason.
   * @param message the reason in Redis's words, as CONFIG SET shows it
   * @param plain the reason as `redis.conf:41: '...': <plain>` shows it; Redis's words if left out
   */
  constructor(message: string, plain: string = message) {
    super(message);
    this.name = "ValueError";
    this.plain = plain;
  }
}

/** A configuration file or a command line that cannot be used; the message says where and why. */
export class ConfigError extends Error {
  /** The class's name. */
  override readonly name = "ConfigError";
}

/** A refused CONFIG SET or CONFIG REWRITE; the message is the reply's text after `ERR `. */
export class ConfigCommandError extends Error {
  /** The class's name. */
  override readonly name = "ConfigCommandError";
}

/** A CONFIG SET that is refused because the data is being loaded. */
export class ConfigLoadingError extends Error {
  /** The class's name. */
  override readonly name = "ConfigLoadingError";
}
