import { describeError } from '../../core/errors/describe-error.js';
import { MqError } from '../../core/errors/mq-error.js';
import { readProperty } from '../../core/runtime/read-property.js';
import { isInRange } from '../../core/runtime/version-range.js';
import { loadedPackage } from './loaded-package.js';

/** A package that only some applications have. */
export interface OptionalPeer {
  readonly name: string;
  /** Versions that work, written as in a `package.json`. */
  readonly range: string;
  /** What needs it, for the message. */
  readonly neededBy: string;
  /** Arguments of `npm install` that bring it. */
  readonly install: string;
}

/**
 * Loads an optional package, and makes sure that it is one that works: npm installs any version of an
 * optional peer, and with a wrong one nothing would ever be sent. In a bundle there is no version to be read; there it is
 * tried out.
 *
 * @param works whether what was loaded does what we need it for
 * @throws {MqError} `MQ_PEER_MISSING` when it is not installed, or a version that does not work; what its own code throws
 * while it is loaded is passed on
 */
export async function optionalPeer<T>(
  peer: OptionalPeer,
  load: () => Promise<T>,
  works: (loaded: T) => boolean,
): Promise<T> {
  const loaded = await load().catch((cause: unknown) => {
    throw isMissing(peer.name, cause) ? peerError(peer, ', which is not installed', { cause }) : cause;
  });
  const found = loadedPackage(peer.name, loaded);
  if (found ? isInRange(found.version, peer.range) : works(loaded)) return loaded;
  const what = found ? `${found.version} was loaded from ${found.folder}` : 'what was loaded is another version';
  throw peerError(peer, ` in a version of ${peer.range}; ${what}`, { found: found?.version });
}

function isMissing(name: string, cause: unknown): boolean {
  const code = readProperty(cause, 'code');
  return (
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') &&
    describeError(cause).message.includes(`'${name}'`)
  );
}

function peerError(
  { name, range, neededBy, install }: OptionalPeer,
  problem: string,
  { found, cause }: { readonly found?: string | undefined; readonly cause?: unknown },
): MqError {
  return new MqError(
    'MQ_PEER_MISSING',
    `${neededBy} needs the package ${name}${problem}. Run: npm install ${install}`,
    {
      details: { package: name, range, ...(found !== undefined && { found }) },
      cause,
    },
  );
}
