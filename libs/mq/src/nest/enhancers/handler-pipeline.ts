import { ForbiddenException, type PipeTransform } from '@nestjs/common';
import type { HandlerInput } from '../../core/consumer/handlers/handler.js';
import type { MqMessage } from '../../core/message/message.js';
import type { BoundParam } from './bound-params.js';
import { outcomeOf } from '../discovery/outcome-of.js';
import type { MqContext } from '../mq-context.js';
import {
  CONTEXT_TYPE,
  type EnhancedMethod,
  type Enhancers,
  executionContext,
  runGuards,
  runInterceptors,
  runPipes,
} from './nest-internals.js';
import { type Refuser, refusalOf } from './refuse.js';

type Call = (...args: unknown[]) => unknown;

export interface Pipeline {
  /** For error messages. */
  readonly name: string;
  readonly member: string | symbol;
  readonly place: EnhancedMethod;
  readonly enhancers: Enhancers;
  /** `null`: the method gets message and context. Those of a handler of batches are given the list where others are given the message. */
  readonly params: readonly (BoundParam & { readonly pipes: readonly PipeTransform[] })[] | null;
}

/**
 * Runs a handler method behind its enhancers: guards · interceptors · pipes, parameter after parameter · the method ·
 * interceptors again · and filters for whatever was thrown.
 *
 * An interceptor may be done before the method is (`timeout()`, `take(1)`), and the transaction ends with the pipeline: so the
 * method is waited for, and its error counts if by then nobody was left to catch it.
 */
export async function runPipeline(pipeline: Pipeline, input: HandlerInput, context: MqContext): Promise<unknown> {
  const run = new PipelineRun(pipeline, input, context);
  try {
    return await run.toEnd();
  } catch (error) {
    throw await run.filtered(error);
  }
}

class PipelineRun {
  private readonly args: [HandlerInput, MqContext];
  /** What a guard or pipe threw last. */
  private refused: { readonly error: unknown; readonly by: Refuser } | null = null;
  /** The method, once for each time that interceptors call it. */
  private readonly calls = new Set<Promise<unknown>>();

  constructor(
    private readonly pipeline: Pipeline,
    input: HandlerInput,
    context: MqContext,
  ) {
    this.args = [input, context];
  }

  async toEnd(): Promise<unknown> {
    const { enhancers, place } = this.pipeline;
    const { guards, interceptors } = enhancers;
    if (guards.length > 0) await this.guard();
    if (interceptors.length === 0) return this.call();
    try {
      const { instance, method } = place;
      const next = (): Promise<unknown> => this.follow(this.call());
      const answer: unknown = await runInterceptors.intercept(
        interceptors,
        this.args,
        instance as never,
        method,
        next,
        CONTEXT_TYPE,
      );
      const result = await outcomeOf(answer, this.args[1]);
      // One after the other: an interceptor that tries again has put up with what failed before.
      for (const call of this.calls) await call;
      return result;
    } finally {
      await Promise.allSettled(this.calls);
    }
  }

  /** The error with which the attempt fails: what a filter threw, else what it was called with. */
  async filtered(error: unknown): Promise<unknown> {
    const { pipeline, args } = this;
    let last = error;
    try {
      await pipeline.enhancers.filter(error, executionContext(args, pipeline.place));
    } catch (replacement) {
      last = replacement;
    }
    const refusal =
      this.refused !== null && this.refused.error === last
        ? refusalOf(last, this.refused.by, pipeline.name, firstOf(args[0]))
        : null;
    return refusal ?? last;
  }

  private async guard(): Promise<void> {
    const { enhancers, place } = this.pipeline;
    await this.noting('guard', async () => {
      const { instance, method } = place;
      const may = await runGuards.tryActivate(enhancers.guards, this.args, instance as never, method, CONTEXT_TYPE);
      // As everywhere in Nest, so that filters recognize it.
      if (!may) throw new ForbiddenException('Forbidden resource');
    });
  }

  private async call(): Promise<unknown> {
    const { place, member, params } = this.pipeline;
    const given = params === null ? this.args : await this.noting('pipe', () => this.values(params));
    const instance = place.instance as Record<string | symbol, Call>;
    return outcomeOf(instance[member]!(...given), this.args[1]);
  }

  /** One parameter after the other: a transaction is one connection. */
  private async values(params: NonNullable<Pipeline['params']>): Promise<unknown[]> {
    const values: unknown[] = [];
    const [input, context] = this.args;
    for (const { index, read, type, data, metatype, pipes } of params) {
      const value = read(input as MqMessage, context, () => executionContext(this.args, this.pipeline.place));
      const metadata = { type, data, metatype, schema: undefined };
      values[index] = await (pipes.length === 0 ? value : runPipes.applyPipes(value, metadata as never, [...pipes]));
    }
    return values;
  }

  /** Those that ended while an interceptor still listened are forgotten: it has caught them, or passed them on. */
  private follow(call: Promise<unknown>): Promise<unknown> {
    this.calls.add(call);
    const forget = (): void => void this.calls.delete(call);
    call.then(forget, forget);
    return call;
  }

  private async noting<T>(by: Refuser, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.refused = { error, by };
      throw error;
    }
  }
}

/** A batch that is refused is taken apart, and then each message is refused by itself. */
const firstOf = (input: HandlerInput): MqMessage => (Array.isArray(input) ? input[0]! : input);
