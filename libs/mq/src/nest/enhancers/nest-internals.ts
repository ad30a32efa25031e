import type { ArgumentsHost, CanActivate, NestInterceptor, PipeTransform } from '@nestjs/common';
import * as constants from '@nestjs/common/constants.js';
import type { ApplicationConfig, ContextId, NestContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import { GuardsConsumer } from '@nestjs/core/guards/guards-consumer.js';
import { GuardsContextCreator } from '@nestjs/core/guards/guards-context-creator.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { InterceptorsConsumer } from '@nestjs/core/interceptors/interceptors-consumer.js';
import { InterceptorsContextCreator } from '@nestjs/core/interceptors/interceptors-context-creator.js';
import { PipesConsumer } from '@nestjs/core/pipes/pipes-consumer.js';
import { PipesContextCreator } from '@nestjs/core/pipes/pipes-context-creator.js';

/**
 * All that this library uses of Nest's inside, by paths that Nest 11 and 12 have (with `.js`: 12 has an `exports` map).
 *
 * The creators find enhancers by class and method, in Nest's order; the consumers run them. `ExternalContextCreator`, which joins the two, is
 * not used: it writes every error to the log as one of its own, acknowledges what a filter answers, and does not tell who threw.
 */

export type EnhancerKind = 'guards' | 'interceptors' | 'pipes' | 'filters';
/** Enhancers by kind. */
export type EnhancerLists = Readonly<Record<EnhancerKind, readonly unknown[]>>;

/** What `getType()` answers while a message is handled. */
export const CONTEXT_TYPE = 'mq';
/** Where Nest keeps what its decorators say. */
const KEYS: Readonly<Record<EnhancerKind, string>> = {
  guards: constants.GUARDS_METADATA,
  interceptors: constants.INTERCEPTORS_METADATA,
  pipes: constants.PIPES_METADATA,
  filters: constants.EXCEPTION_FILTERS_METADATA,
};

/** A handler method, and where in the application it stands. */
export interface EnhancedMethod {
  readonly container: NestContainer;
  readonly instance: object;
  readonly method: Method;
  /** Of its module. */
  readonly moduleKey: string;
  /** Nest's id of its provider: enhancers of the scope `TRANSIENT` are made for each. */
  readonly providerId: string;
  /** Absent where everything is made once. */
  readonly contextId: ContextId | undefined;
}
export type Method = (...args: unknown[]) => unknown;

/** The enhancers of one method, ready to run. `pipes` are those of class and method. */
export interface Enhancers {
  readonly guards: CanActivate[];
  readonly interceptors: NestInterceptor[];
  readonly pipes: PipeTransform[];
  /** Those of a parameter. */
  pipesOf(given: readonly unknown[]): PipeTransform[];
  /** Lets the filter that fits catch it; answers what that answers. */
  filter(error: unknown, host: ArgumentsHost): unknown;
}

export function enhancersOf(
  { container, instance, method, moduleKey, contextId, providerId }: EnhancedMethod,
  globals: EnhancerLists,
): Enhancers {
  const config = onlyThese(globals);
  const pipes = new PipesContextCreator(container, config);
  const filters = new ExternalExceptionFilterContext(container, config);
  const place = [instance, method, moduleKey, contextId, providerId] as const;
  const handler = filters.create(instance, method as never, moduleKey, contextId, providerId);
  return {
    guards: new GuardsContextCreator(container, config).create(...place),
    interceptors: new InterceptorsContextCreator(container, config).create(...place),
    pipes: pipes.create(...place),
    pipesOf: (given) => pipes.createConcreteContext([...given] as never[], contextId, providerId),
    filter: (error, host) => handler.invokeCustomFilters(error, host),
  };
}

export const runGuards = new GuardsConsumer();
export const runInterceptors = new InterceptorsConsumer();
export const runPipes = new PipesConsumer();

export function executionContext(args: unknown[], { instance, method }: EnhancedMethod): ExecutionContextHost {
  const host = new ExecutionContextHost(args, instance.constructor as never, method);
  host.setType(CONTEXT_TYPE);
  return host;
}

/** What `@UseGuards` and its like say about a class and a method. */
export function decoratedWith(kind: EnhancerKind, type: unknown, method: unknown): readonly unknown[] {
  return [type, method].flatMap((target) => {
    const found: unknown = typeof target === 'function' ? Reflect.getMetadata(KEYS[kind], target) : undefined;
    return Array.isArray(found) ? (found as unknown[]) : [];
  });
}

/** A parameter as a decorator of Nest describes it. Those of `createParamDecorator()` have a factory. */
export interface NestParam {
  readonly index: number;
  readonly data?: unknown;
  readonly pipes?: readonly unknown[];
  readonly factory?: (data: unknown, context: unknown) => unknown;
}

export function nestParamsOf(type: unknown, member: string | symbol): NestParam[] {
  if (typeof type !== 'function') return [];
  const found = Reflect.getMetadata(constants.ROUTE_ARGS_METADATA, type, member) as
    Record<string, NestParam> | undefined;
  return Object.values(found ?? {});
}

/** What TypeScript says about the parameters, `undefined` without `emitDecoratorMetadata`. */
export function paramTypesOf(prototype: object, member: string | symbol): readonly unknown[] | undefined {
  return Reflect.getMetadata(constants.PARAMTYPES_METADATA, prototype, member) as unknown[] | undefined;
}

/** Of the application's enhancers, the creators see these. */
function onlyThese({ guards, interceptors, pipes, filters }: EnhancerLists): ApplicationConfig {
  const none = (): unknown[] => [];
  return {
    getGlobalGuards: () => guards,
    getGlobalInterceptors: () => interceptors,
    getGlobalPipes: () => pipes,
    getGlobalFilters: () => filters,
    getGlobalRequestGuards: none,
    getGlobalRequestInterceptors: none,
    getGlobalRequestPipes: none,
    getGlobalRequestFilters: none,
  } as unknown as ApplicationConfig;
}
