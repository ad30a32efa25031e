import { MqError } from '../errors/mq-error.js';
import type { MqMessage } from './message.js';
import type { NewMessage, TaggedMessage } from './new-message.js';
import { type AnySchema, isSchema, type SchemaInput, type SchemaOutput } from './standard-schema.js';

declare const PAYLOAD: unique symbol;
declare const MESSAGE: unique symbol;

/** Alias of a topic. A plain string works; {@link defineTopic} makes one that carries the type of its payload. */
export type MqTopic<P = unknown> = string & { readonly [PAYLOAD]?: P };

/** One schema for all messages of a topic, or one for each tag. */
export type TopicSchemas = AnySchema | { readonly [tag: string]: AnySchema };

/** A topic whose payloads are checked: its alias, and its schemas. Goes wherever the alias goes. */
export interface MqTypedTopic<S extends TopicSchemas = TopicSchemas> {
  /** The alias, by which `topics` configures it. */
  readonly name: string;
  readonly schemas: S;
  /** What `publish()` takes. For the compiler alone. */
  readonly [MESSAGE]?: MessageOf<S>;
}

type MessageOf<S> = S extends AnySchema
  ? NewMessage<SchemaInput<S>>
  : { [Tag in keyof S]: TaggedMessage<Tag, SchemaInput<S[Tag]>> }[keyof S];

/** Any topic. @typeParam P payload of a {@link MqTopic} @typeParam M messages of a {@link MqTypedTopic} */
export type MqTopicRef<P = unknown, M = unknown> =
  MqTopic<P> | { readonly name: string; readonly schemas: TopicSchemas; readonly [MESSAGE]?: M };

/** What `publish()` takes for a topic. Two types instead of one, so that a function that is generic in `P` can still publish. */
export type MessageTo<P, M> = [M] extends [never] ? NewMessage<P> : M;

/** What `publishAll()` takes for a topic. */
export type MessageToTopic<T> = T extends { readonly schemas: unknown; readonly [MESSAGE]?: infer M }
  ? NonNullable<M>
  : T extends MqTopic<infer P>
    ? NewMessage<P>
    : NewMessage;

/** Tags that messages of a topic may have. */
export type TagOf<T> = T extends { readonly schemas: infer S }
  ? S extends AnySchema
    ? string
    : keyof S & string
  : string;

/**
 * The message that a handler gets from a topic: with the *output* of its schema as payload.
 *
 * @typeParam Tag which of its messages; all of them unless given, and then `message.tag` tells which payload it has
 * @example handle(message: MqMessageOf<typeof Orders, 'created'>) { ... }
 */
export type MqMessageOf<T extends MqTopicRef, Tag extends TagOf<T> = TagOf<T>> = T extends {
  readonly schemas: infer S;
}
  ? S extends AnySchema
    ? MqMessage<SchemaOutput<S>>
    : { [K in Tag]: MqMessage<K extends keyof S ? SchemaOutput<S[K]> : never> & { readonly tag: K } }[Tag]
  : T extends MqTopic<infer P>
    ? MqMessage<P>
    : MqMessage;

/**
 * A topic's alias with the type of its payload, checked by the compiler wherever it is used to publish.
 *
 * @example
 * const Orders = defineTopic<OrderCreated>('orders');
 * await mq.publish(Orders, { payload: { id, sku, quantity } }, { manager });
 */
export function defineTopic<P>(alias: string): MqTopic<P>;
/**
 * A topic with a schema for each tag, or with one for all of its messages, of any library that follows https://standardschema.dev.
 * Payloads are checked when they are published through it, and before a handler of it runs.
 *
 * @throws {MqError} `MQ_CONFIG_INVALID` for what is no schema
 * @example
 * const Orders = defineTopic('orders', { created: z.object({ id: z.string() }), reserved: z.object({ id: z.string() }) });
 * await mq.publish(Orders, { tag: 'created', payload: { id } }, { manager });
 */
export function defineTopic<S extends TopicSchemas>(alias: string, schemas: S): MqTypedTopic<S>;
export function defineTopic(alias: string, ...given: TopicSchemas[]): MqTopicRef {
  if (given.length === 0) return alias;
  const [schemas] = given;
  requireSchemas(alias, schemas);
  return Object.freeze({ name: alias, schemas, toString: () => alias });
}

export function aliasOf(topic: MqTopicRef): string {
  return typeof topic === 'string' ? topic : topic?.name;
}

/** The schemas that come with a topic, `null` for a plain alias. */
export function schemasOf(topic: MqTopicRef): TopicSchemas | null {
  return typeof topic === 'string' ? null : (topic?.schemas ?? null);
}

/** Tags that schemas are for; `null` when one is for all of them. */
export function tagsOf(schemas: TopicSchemas): readonly string[] | null {
  return isSchema(schemas) ? null : Object.keys(schemas);
}

export function schemaFor(schemas: TopicSchemas, tag: string | null | undefined): AnySchema | null {
  if (isSchema(schemas)) return schemas;
  return typeof tag === 'string' && Object.hasOwn(schemas, tag) ? schemas[tag]! : null;
}

function requireSchemas(alias: string, schemas: unknown): asserts schemas is TopicSchemas {
  if (isSchema(schemas)) return;
  const byTag = typeof schemas === 'object' && schemas !== null ? Object.entries(schemas) : [];
  const wrong = byTag.filter(([, schema]) => !isSchema(schema)).map(([tag]) => tag);
  if (byTag.length > 0 && wrong.length === 0) return;
  const what = wrong.length > 0 ? wrong.map((tag) => `what stands under '${tag}'`).join(', ') : 'what was given';
  throw new MqError(
    'MQ_CONFIG_INVALID',
    `defineTopic('${alias}'): ${what} is no Standard Schema. Give a schema of zod, valibot, arktype or another library that follows ` +
      'https://standardschema.dev, or an object with one for each tag.',
    { details: { topic: alias, tags: wrong } },
  );
}
