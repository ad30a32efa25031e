import { types } from 'node:util';
import type { Clock } from '../../../core/runtime/clock.js';
import { disown } from '../../../core/runtime/user-code.js';
import { TransportError } from '../../../core/transport/transport-error.js';

export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  /** Of temporary credentials (STS). */
  securityToken?: string | undefined;
}

export interface ProvidedCredentials extends Credentials {
  /** When they end: a date or epoch milliseconds. Fetched again before that. Default: kept until the broker refuses them. */
  expiresAt?: Date | number;
}

/** Credentials are fetched again this long before they end, or at half of their life if that is shorter. */
const REFRESH_AHEAD_MS = 300_000;
/** A provider that never answers must not block every send. */
const PROVIDER_TIMEOUT_MS = 10_000;

interface Held {
  readonly credentials: Credentials;
  readonly refreshAt: number;
  readonly endsAt: number;
}

/**
 * CredentialSource provides the credentials that are valid now.
 *
 * With a provider: concurrent callers share one call of it; what it answered is kept until shortly before its end; when
 * it fails while the old ones still hold, the old ones are used.
 */
export class CredentialSource {
  private held: Held | null = null;
  private fetching: Promise<Held> | null = null;

  constructor(
    private readonly provide: () => Promise<ProvidedCredentials>,
    private readonly clock: Clock,
  ) {}

  /** @throws {TransportError} `auth` */
  async current(): Promise<Credentials> {
    const { held } = this;
    const now = this.clock.now();
    if (held && now < held.refreshAt) return held.credentials;
    try {
      return (await this.fetch()).credentials;
    } catch (error) {
      if (held && now < held.endsAt) return held.credentials;
      throw error;
    }
  }

  /** After the broker has refused `refused`: others, or `null` when there are none. */
  async renew(refused: Credentials): Promise<Credentials | null> {
    // Somebody else may have renewed them between this request and its answer.
    const candidates = [() => Promise.resolve(this.held), () => this.fetch()];
    for (const candidate of candidates) {
      const held = await candidate().catch(() => null);
      if (held && !sameCredentials(held.credentials, refused)) return held.credentials;
    }
    return null;
  }

  private fetch(): Promise<Held> {
    this.fetching ??= this.ask().finally(() => (this.fetching = null));
    return this.fetching;
  }

  private async ask(): Promise<Held> {
    let provided: { readonly [K in keyof ProvidedCredentials]: unknown };
    const timeout = new AbortController();
    try {
      const answer = await Promise.race([
        this.provide(),
        this.clock.sleep(PROVIDER_TIMEOUT_MS, timeout.signal).then(() => {
          throw new Error(`no answer within ${PROVIDER_TIMEOUT_MS} ms`);
        }),
      ]);
      // Read once and here: what a provider answers may have getters, which fail like the provider itself.
      const { accessKeyId, accessKeySecret, securityToken, expiresAt } = answer ?? {};
      provided = { accessKeyId, accessKeySecret, securityToken, expiresAt };
    } catch (cause) {
      disown(cause);
      throw new TransportError('auth', 'the credentials provider failed; its error is the cause', { cause });
    } finally {
      timeout.abort();
    }
    const { accessKeyId, accessKeySecret, securityToken } = provided;
    if (
      !isSecret(accessKeyId) ||
      !isSecret(accessKeySecret) ||
      (securityToken !== undefined && !isSecret(securityToken))
    ) {
      throw new TransportError(
        'auth',
        'the credentials provider answered without accessKeyId and accessKeySecret as texts',
      );
    }
    const now = this.clock.now();
    const endsAt = endOf(provided.expiresAt);
    const ahead = Math.min(REFRESH_AHEAD_MS, Math.max(0, (endsAt - now) / 2));
    this.held = { credentials: { accessKeyId, accessKeySecret, securityToken }, endsAt, refreshAt: endsAt - ahead };
    return this.held;
  }
}

/** Epoch milliseconds. What is no time counts as none: such credentials are kept until the broker refuses them. */
function endOf(expiresAt: unknown): number {
  const ms = types.isDate(expiresAt) ? Date.prototype.getTime.call(expiresAt) : expiresAt;
  return typeof ms === 'number' && !Number.isNaN(ms) ? ms : Number.POSITIVE_INFINITY;
}

/** A text that fits into a header: a key copied with its line end would fail as a bad signature, or split the header. */
export function isSecret(value: unknown): value is string {
  return typeof value === 'string' && /^[\u0021-\u007e]+$/.test(value);
}

function sameCredentials(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId && a.accessKeySecret === b.accessKeySecret && a.securityToken === b.securityToken
  );
}
