import { MqError } from '../../core/errors/mq-error.js';
import { classNameOf } from '../discovery/decorations-of.js';
import type { Wrapper } from '../discovery/handler-instance.js';
import type { BoundParam } from './bound-params.js';
import { refuseUnvalidated } from './refuse-unvalidated.js';
import { decoratedWith, type EnhancerKind } from './nest-internals.js';

const KINDS: Readonly<Record<EnhancerKind, string>> = {
  guards: 'guard',
  interceptors: 'interceptor',
  pipes: 'pipe',
  filters: 'filter',
};

interface Decorated {
  readonly wrapper: Wrapper;
  readonly prototype: object;
  readonly method: unknown;
  readonly name: string;
  readonly params: readonly BoundParam[] | null;
}

/**
 * Whether a handler has enhancers of its own.
 * @throws {MqError} `MQ_HANDLER_INVALID` for one that Nest would leave out without a word
 */
export function checkEnhancers({ wrapper, prototype, method, name, params }: Decorated): boolean {
  let has = false;
  for (const kind of Object.keys(KINDS) as EnhancerKind[]) {
    const found = [...decoratedWith(kind, prototype.constructor, method)];
    if (kind === 'pipes') {
      if (found.length > 0 && !params?.some(({ given }) => given !== null)) throw nothingToPipe(name);
      refuseUnvalidated(name, params ?? [], found);
      found.push(...(params ?? []).flatMap(({ given }) => given ?? []));
    }
    has ||= found.length > 0;
    for (const enhancer of found) requireMade(wrapper, prototype, name, KINDS[kind], enhancer);
  }
  return has;
}

/**
 * Nest makes enhancers together with the classes that it makes itself. For a class that a factory makes it makes none, and runs
 * the handler without: a guard would be left out.
 */
function requireMade(wrapper: Wrapper, prototype: object, name: string, kind: string, enhancer: unknown): void {
  if (typeof enhancer !== 'function' || wrapper.host?.injectables.has(enhancer as never)) return;
  throw new MqError(
    'MQ_HANDLER_INVALID',
    `The ${kind} ${enhancer.name || 'without a name'} of ${name} is not made by Nest, so messages would pass without it: Nest makes the enhancers of ` +
      `classes that stand in providers themselves, and ${classNameOf(prototype)} is provided in another way (useFactory, useValue, useClass). ` +
      `List the class itself, or give the decorator an instance of the ${kind}.`,
    { details: { handler: name, enhancer: enhancer.name } },
  );
}

function nothingToPipe(name: string): MqError {
  return new MqError(
    'MQ_HANDLER_INVALID',
    `${name} has pipes and no parameter that goes through them, so nothing would be validated: pipes see what @MqPayload(), @MqHeader() ` +
      'and @MqKey() stand at. Write @MqPayload() before the payload, or remove the pipes.',
    { details: { handler: name } },
  );
}
