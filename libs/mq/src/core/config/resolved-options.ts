import type { MqAlert, MqFailure, MqLogger, GlobalEnhancer, GroupOptions } from './options.js';
import type { MqCodec } from '../message/codec.js';
import type { MqTransport } from '../transport/transport.js';

/** What code works with: checked, defaults filled in, durations in milliseconds, names with their suffixes. */
export interface ResolvedOptions {
  readonly connection: string;
  readonly transport: MqTransport;
  /** Whose rows are sent: its own, and those that it adopts. */
  readonly owners: readonly RowOwner[];
  readonly topics: ReadonlyMap<string, ResolvedTopic>;
  readonly groups: ReadonlyMap<string, ResolvedGroup>;
  readonly tagSuffix: string;
  readonly roles: { readonly relay: boolean; readonly worker: boolean };
  readonly migrate: boolean;
  readonly globalEnhancers: readonly GlobalEnhancer[];
  readonly requireTransaction: boolean;
  readonly correlationId: (() => unknown) | null;
  readonly reproduce: {
    readonly leaseMs: number;
    readonly maxAttempts: number;
    readonly backoff: BackoffPolicy;
    readonly batch: number;
    readonly idleMs: number;
    readonly onDeadKey: 'block' | 'skip';
    readonly memoryBytes: number;
  };
  /** Groups that this process consumes, `null` for all of them. */
  readonly consumeGroups: readonly string[] | null;
  readonly maxInFlight: number;
  readonly retention: {
    readonly sentMs: number | null;
    readonly inboxMs: number | null;
    readonly errorsMs: number | null;
  };
  readonly drainMs: number;
  readonly log: { readonly produced: boolean; readonly consumed: boolean; readonly logger: MqLogger | null };
  readonly onAlert: ((alert: MqAlert) => void | Promise<void>) | null;
  readonly alertEveryMs: number;
}

/** Who published a row: name of the connection, and `identity` of its transport. */
export interface RowOwner {
  readonly connection: string;
  readonly broker: string;
}

export interface ResolvedTopic {
  readonly alias: string;
  readonly topic: string;
  readonly instanceId: string | null;
  readonly ordered: boolean;
  readonly codec: MqCodec;
  readonly settleOn: { readonly group: string; readonly withinMs: number } | null;
}

export interface ResolvedGroup {
  readonly alias: string;
  /** With its suffix. */
  readonly groupId: string;
  /** Without the suffix, as configured; `null` when the configuration names none. */
  readonly tags: readonly string[] | null;
  readonly identify: NonNullable<GroupOptions['identify']> | null;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly backoff: BackoffPolicy;
  readonly inbox: boolean;
  readonly unmatched: 'park' | 'ack';
}

/** Milliseconds until the next attempt, or `'park'`. */
export type BackoffPolicy = (failure: MqFailure) => number | 'park';
