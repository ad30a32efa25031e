/** When the server closes an idle connection. The slowest SDK, Python's, gives up after 60 s. */
export const IDLE_TIMEOUT_MS = 75_000;

/**
 * What clients are told. Well below the real limit: a client that reuses a connection in the moment in which the server
 * closes it sees ECONNRESET and cannot know whether its message was stored.
 */
export const KEEP_ALIVE_HINT = 'timeout=60';
