import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Step, StepInfo, StepMessage, StepObserver } from '../emulator-options.js';
import type { ArrivalEffect } from '../faults/fault.js';
import type { FaultList } from '../faults/fault-list.js';
import { authenticate, type Credentials, verifyContentMd5 } from '../protocol/authenticate.js';
import { errorDocument } from '../protocol/documents.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { parseRoute, type Route } from '../protocol/route.js';
import { type Clock, systemClock } from '../runtime/clock.js';
import { parseDuration } from '../runtime/duration.js';
import { createIdSource } from '../runtime/ids.js';
import type { Answer, Exchange } from './exchange.js';
import { type OperationContext, prepare } from './operations.js';
import { readBody } from './read-body.js';
import type { RequestCounter } from './request-counts.js';
import { respond, respondCanned } from './respond.js';

export interface MessageServiceOptions extends Omit<OperationContext, 'pollSignal' | 'observed'> {
  credentials: Credentials;
  faults: FaultList;
  counter: RequestCounter;
  clock: Clock;
  onStep?: StepObserver;
  log: (line: string) => void;
  /** Ends all long polls. */
  stopping: AbortSignal;
}

// The real service holds a request that it throttles for about as long.
const THROTTLE_MS = 10;
// Clients ask for a handful of targets over and over; queries that differ each time must not grow this for ever.
const MAX_ROUTES = 1_000;

type CannedAnswer = Extract<ArrivalEffect, { status: number }>;
type Ending = { answer: Answer; messages?: readonly StepMessage[] } | { canned: CannedAnswer } | 'reset' | 'hang';

/**
 * The protocol: from a request to its answer.
 *
 * target → body → signature → parameters → faults that strike on arrival → observer `received` → the operation →
 * observer `stored` → faults that strike afterwards → the answer → observer `answered`. Whatever throws on the way
 * becomes an `<Error>` document.
 */
export class MessageService {
  private readonly polls = new Set<AbortController>();
  private readonly routes = new Map<string, Route>();
  private readonly nextRequestId = createIdSource(24);
  private readonly context: OperationContext;

  constructor(private readonly options: MessageServiceOptions) {
    this.context = {
      ...options,
      observed: options.onStep !== undefined,
      pollSignal: ({ response }) => this.pollSignal(response),
    };
    options.stopping.addEventListener('abort', () => this.polls.forEach((poll) => poll.abort()));
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = this.nextRequestId();
    let exchange: Exchange;
    try {
      const route = this.route(request.method ?? '', request.url ?? '');
      exchange = { request, response, requestId, route, body: await readBody(request) };
    } catch (error) {
      if (request.destroyed && !request.complete) return; // the client has gone
      response.shouldKeepAlive = false; // what is left of the body is not read
      respond(response, requestId, this.refuse(error, request, requestId), this.date());
      return;
    }
    let ending: Ending;
    try {
      ending = await this.process(exchange);
    } catch (error) {
      ending = { answer: this.refuse(error, request, requestId) };
    }
    this.end(exchange, ending);
  }

  private async process(exchange: Exchange): Promise<Ending> {
    this.verify(exchange);
    const early = await this.arrive(exchange.route);
    if (early) return early;
    const prepared = prepare(this.context, exchange);
    if (await this.dropped('received', exchange, prepared.messages)) return 'reset';
    const { effect, messages, ...answer } = await prepared.run();
    if (await this.dropped('stored', exchange, messages)) return 'reset';
    if (effect === 'accept-then-reset') return 'reset';
    if (effect === 'accept-then-hang') return 'hang';
    return { answer, messages };
  }

  /** Not `AbortSignal.any`: on Node 20 the signal that lives on keeps something of every poll. */
  private pollSignal(response: ServerResponse): AbortSignal {
    const poll = new AbortController();
    this.polls.add(poll);
    response.once('close', () => {
      this.polls.delete(poll);
      poll.abort();
    });
    if (this.options.stopping.aborted) poll.abort();
    return poll.signal;
  }

  private route(method: string, target: string): Route {
    const key = `${method} ${target}`;
    const known = this.routes.get(key);
    if (known) return known;
    const route = parseRoute(method, target);
    if (this.routes.size >= MAX_ROUTES) this.routes.clear();
    this.routes.set(key, route);
    return route;
  }

  private verify({ request, route, body }: Exchange): void {
    const signed = { method: request.method ?? '', target: request.url ?? '', headers: request.headers };
    authenticate(signed, this.options.credentials, systemClock.now());
    // Bodies of GET requests mean nothing: the C++ SDK sends stale bytes, the C# SDK the letter "a".
    if (request.method !== 'GET') verifyContentMd5(request.headers['content-md5'] as string | undefined, body);
    if (route.problem) throw route.problem;
  }

  /** What a fault answers in the place of the operation, if anything. */
  private async arrive(route: Route): Promise<Ending | undefined> {
    const effect = this.options.faults.onArrival(route);
    if (effect === undefined || effect === 'reset' || effect === 'hang') return effect;
    if (effect === 'throttle') {
      await delay(THROTTLE_MS);
      throw new ProtocolError('TooManyRequests', 'The request was throttled.');
    }
    if ('status' in effect) return { canned: effect };
    await delay(parseDuration(effect.delay));
    return undefined;
  }

  private async dropped(step: Step, exchange: Exchange, messages: readonly StepMessage[]): Promise<boolean> {
    const { onStep } = this.options;
    return onStep !== undefined && (await onStep(step, infoOf(exchange, messages))) === 'drop';
  }

  private end(exchange: Exchange, ending: Ending): void {
    const { response, requestId, request, route } = exchange;
    if (this.options.stopping.aborted) response.shouldKeepAlive = false;
    if (ending === 'reset' || ending === 'hang') {
      this.options.counter.count(route.operation, ending);
      if (ending === 'reset') request.socket.resetAndDestroy();
      return;
    }
    const messages = 'messages' in ending ? (ending.messages ?? []) : [];
    const answered = this.options.onStep && (() => this.tellAnswered(exchange, messages));
    this.options.counter.count(route.operation, 'canned' in ending ? ending.canned.status : ending.answer.status);
    if ('canned' in ending) respondCanned(response, ending.canned, answered);
    else respond(response, requestId, ending.answer, this.date(), answered);
  }

  private tellAnswered(exchange: Exchange, messages: readonly StepMessage[]): void {
    this.dropped('answered', exchange, messages).catch((error: unknown) =>
      this.options.log(`the observer failed at "answered": ${String(error)}`),
    );
  }

  private refuse(error: unknown, request: IncomingMessage, requestId: string): Answer {
    let refusal: ProtocolError;
    if (error instanceof ProtocolError) {
      refusal = error;
    } else {
      this.options.log(`${request.method} ${request.url} failed: ${(error as Error).stack ?? String(error)}`);
      refusal = new ProtocolError('InternalError', `The emulator failed: ${(error as Error).message}`);
    }
    const hostId = `http://${request.headers.host ?? 'localhost'}`;
    return { status: refusal.status, document: errorDocument(refusal, requestId, hostId) };
  }

  private date(): string | undefined {
    return this.options.clock === systemClock ? undefined : new Date(this.options.clock.now()).toUTCString();
  }
}

function infoOf({ request, route }: Exchange, messages: readonly StepMessage[]): StepInfo {
  const { operation, instance, topic, group } = route;
  return { operation, instance, topic, group, messages, headers: request.headers };
}
