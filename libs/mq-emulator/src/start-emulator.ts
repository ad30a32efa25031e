import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Broker, type InstanceState } from './broker/broker.js';
import { type ForeignMessage, fromForeign } from './protocol/foreign-message.js';
import { Catalog } from './config/catalog.js';
import { EmulatorError } from './emulator-error.js';
import type { EmulatorOptions } from './emulator-options.js';
import type { Fault } from './faults/fault.js';
import { FaultList } from './faults/fault-list.js';
import { parseFaults } from './faults/parse-faults.js';
import { Control } from './http/control.js';
import { createEmulatorServer } from './http/create-emulator-server.js';
import { MessageService } from './http/message-service.js';
import { RequestCounter, type RequestCounts } from './http/request-counts.js';
import { stopServer } from './http/stop-server.js';
import { FileJournal } from './journal/file-journal.js';
import { type Journal, memoryJournal } from './journal/journal.js';
import { openData } from './journal/open-data.js';
import { type ResolvedOptions, resolveOptions } from './resolve-options.js';
import { createIdSource } from './runtime/ids.js';

/** What `GET /_emulator/state` answers. */
export interface EmulatorState {
  /** By instance id, `''` for requests that name none. */
  instances: Record<string, InstanceState>;
  requests: RequestCounts;
}

/** A running emulator. */
export interface Emulator {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  state(): EmulatorState;
  /**
   * Replaces the faults in force.
   *
   * @throws TypeError naming every problem of the list
   */
  setFaults(faults: readonly Fault[]): void;
  clearFaults(): void;
  /** Stores a message as a producer of another protocol would, of any bytes. Answers its id. */
  put(message: ForeignMessage): Promise<string>;
  /** Answers what is under way, long polls included, writes everything down and stops. Calling it again waits for the same end. */
  close(): Promise<void>;
}

/**
 * Starts a server for the MQ HTTP wire format on a loopback port.
 *
 * @throws EmulatorError when it cannot start: a bad option, a port or folder in use, a damaged journal, or
 * `NODE_ENV=production`
 * @example
 * const emulator = await startEmulator({ invisible: '2s' });
 * const client = new MQClient(emulator.endpoint, 'test', 'test');
 * // …
 * await emulator.close();
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  if (process.env.NODE_ENV === 'production') {
    throw new EmulatorError(
      'PRODUCTION',
      'The emulator is for development and tests and does not start with NODE_ENV=production.',
    );
  }
  const resolved = resolveOptions(options);
  const { clock, log, onStep, credentials, config } = resolved;
  const { broker, journal, release } = await openBroker(resolved);

  const faults = new FaultList(resolved.random);
  const counter = new RequestCounter();
  const stopping = new AbortController();
  const nextMessageId = createIdSource(32);
  const service = new MessageService({
    broker,
    catalog: new Catalog(config, () => clock.now()),
    clock,
    counter,
    credentials,
    faults,
    journal,
    log,
    nextMessageId,
    onStep,
    stopping: stopping.signal,
  });
  const state = () => ({ instances: broker.state(), requests: counter.state() });
  const server = createEmulatorServer(service, new Control(faults, state), log);
  const endpoint = await listen(server, resolved.port).catch(async (error: unknown) => {
    await release();
    throw error;
  });

  let closing: Promise<void> | undefined;
  return {
    endpoint,
    state,
    setFaults: (list) => faults.replace(parseFaults(list)),
    clearFaults: () => faults.replace([]),
    put: async (message) => {
      const id = nextMessageId();
      const topic = broker.topic(message.instance ?? '', message.topic);
      await topic.publish({ id, ...fromForeign(message), publishTime: clock.now() });
      return id;
    },
    close: () => (closing ??= stopServer(server, stopping).then(release)),
  };
}

interface OpenBroker {
  broker: Broker;
  journal: Journal;
  /** Writes down what is left and gives the folder free. */
  release(): Promise<void>;
}

async function openBroker(options: ResolvedOptions): Promise<OpenBroker> {
  if (options.data === undefined) {
    const broker = new Broker({ ...options, journal: memoryJournal });
    return { broker, journal: memoryJournal, release: async () => broker.close() };
  }
  const { file, restore, lock } = await openData(options.data, options.log);
  const journal: FileJournal = new FileJournal(file, () => broker.snapshot(), options.log);
  const broker = new Broker({ ...options, journal });
  restore.into(broker, options.clock.now());
  return {
    broker,
    journal,
    release: () => {
      broker.close();
      journal.close();
      return lock.release();
    },
  };
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const why = taken ? 'it is in use; choose another one, or 0 for a free one' : error.message;
      reject(
        new EmulatorError('PORT_IN_USE', `The emulator cannot listen on 127.0.0.1:${port}: ${why}.`, { cause: error }),
      );
    });
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
