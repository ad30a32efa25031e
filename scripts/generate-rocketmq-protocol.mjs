// Makes libs/mq/src/transports/rocketmq/protocol/generated.ts from the public protocol definition of RocketMQ 5, which
// the official client for Node ships beside its code: the calls that the transport makes, the messages that these calls
// reach, and their TypeScript types. Runs after `npm install` and before each build; the result is not committed.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** @typedef {protobuf.Type | protobuf.Enum} Type */

const TARGET = fileURLToPath(new URL('../libs/mq/src/transports/rocketmq/protocol/generated.ts', import.meta.url));
const SERVICE = 'apache.rocketmq.v2.MessagingService';
const CALLS = [
  'QueryRoute',
  'Heartbeat',
  'SendMessage',
  'ReceiveMessage',
  'AckMessage',
  'ChangeInvisibleDuration',
  'NotifyClientTermination',
  'Telemetry',
];
/**
 * As `@grpc/proto-loader` is told in protocol/service.ts: 64-bit numbers as numbers, bytes as Buffer.
 *
 * @type {Record<string, string>}
 */
const SCALARS = {
  string: 'string',
  bool: 'boolean',
  bytes: 'Buffer',
  int32: 'number',
  int64: 'number',
  float: 'number',
};

const manifest = createRequire(import.meta.url).resolve('rocketmq-client-nodejs/package.json');
const { name, version } = JSON.parse(readFileSync(manifest, 'utf8'));

const root = new protobuf.Root();
const folder = join(dirname(manifest), 'proto');
// `google/…` comes with protobufjs; a path of its own keeps it from being looked for beside the definition.
root.resolvePath = (/** @type {string} */ _origin, /** @type {string} */ target) =>
  target.startsWith('google/') ? target : join(folder, target);
root.loadSync('apache/rocketmq/v2/service.proto', { keepCase: false });
root.resolveAll();

const service = root.lookupService(SERVICE);
/** @type {Set<Type>} */
const sent = new Set();
/** @type {Set<Type>} */
const received = new Set();
for (const call of CALLS) {
  const { resolvedRequestType, resolvedResponseType } = resolvedCall(call);
  reach(resolvedRequestType, sent);
  reach(resolvedResponseType, received);
}
const everything = new Set([...sent, ...received]);

const text = `// Made by scripts/generate-rocketmq-protocol.mjs from ${name} ${version}. Not committed, not to be edited.

/** The part of the protocol that the transport speaks, as \`fromJSON\` of @grpc/proto-loader takes it. */
export const PROTOCOL: object = ${JSON.stringify(trimmed())};

/** What each call with one request and one answer takes and gives. */
export interface UnaryCalls {
${unaryCalls().join('\n')}
}

${[...everything].map((type) => declare(type)).join('\n')}`;
writeFileSync(TARGET, text);

/** @param {string} call */
function resolvedCall(call) {
  const method = service.methods[call];
  method.resolve();
  const { resolvedRequestType, resolvedResponseType, requestStream, responseStream } = method;
  if (!resolvedRequestType || !resolvedResponseType) throw new Error(`${call} has no types`);
  return { name: method.name, resolvedRequestType, resolvedResponseType, streams: requestStream || responseStream };
}

/**
 * All messages and enums that a message can contain.
 *
 * @param {Type} type
 * @param {Set<Type>} into
 */
function reach(type, into) {
  if (into.has(type)) return;
  into.add(type);
  for (const field of type instanceof protobuf.Type ? type.fieldsArray : []) {
    const inner = field.resolve().resolvedType;
    if (inner) reach(inner, into);
  }
}

/** The definition without the calls and messages that nobody here uses. */
function trimmed() {
  const json = root.toJSON();
  /** @type {protobuf.INamespace} */
  let space = json;
  for (const part of ['apache', 'rocketmq', 'v2']) space = /** @type {protobuf.INamespace} */ (space.nested?.[part]);
  const nested = space.nested ?? {};
  for (const key of Object.keys(nested)) {
    const object = /** @type {Type | null} */ (root.lookup(`apache.rocketmq.v2.${key}`));
    if (key !== service.name && !(object && everything.has(object))) delete nested[key];
  }
  const { methods } = /** @type {protobuf.IService} */ (nested[service.name]);
  for (const key of Object.keys(methods)) if (!CALLS.includes(key)) delete methods[key];
  delete space.options;
  return json;
}

function unaryCalls() {
  return CALLS.map(resolvedCall)
    .filter(({ streams }) => !streams)
    .map(({ name, resolvedRequestType, resolvedResponseType }) => {
      const key = name[0].toLowerCase() + name.slice(1);
      return `  ${key}: { request: ${resolvedRequestType.name}; response: ${resolvedResponseType.name}Received };`;
    });
}

/** @param {Type} type */
function declare(type) {
  if (type instanceof protobuf.Enum) {
    return `export type ${type.name} = ${Object.keys(type.values)
      .map((value) => `'${value}'`)
      .join(' | ')};\n`;
  }
  return [sent.has(type) && declareMessage(type, false), received.has(type) && declareMessage(type, true)]
    .filter(Boolean)
    .join('\n');
}

/**
 * What is sent may leave out any field; in what was received, scalars and lists are always there.
 *
 * @param {protobuf.Type} type
 * @param {boolean} out
 */
function declareMessage(type, out) {
  const fields = type.fieldsArray.map((field) => `  ${field.name}${optional(field, out)}: ${fieldType(field, out)};`);
  return `export interface ${type.name}${out ? 'Received' : ''} {\n${fields.join('\n')}\n}\n`;
}

/**
 * @param {protobuf.Field} field
 * @param {boolean} out
 */
function optional(field, out) {
  const alwaysThere = out && !field.partOf && (field.repeated || field.map || !isMessage(field));
  return alwaysThere ? '' : '?';
}

/**
 * @param {protobuf.Field} field
 * @param {boolean} out
 */
function fieldType(field, out) {
  const { resolvedType } = field;
  const single = resolvedType ? named(resolvedType, out) : SCALARS[field.type];
  if (!single) throw new Error(`${field.fullName}: no TypeScript type for ${field.type}`);
  if (field.map) return `Record<string, ${single}>`;
  if (field.repeated) return `${single.includes('|') ? `(${single})` : single}[]`;
  return isMessage(field) ? `${single} | null` : single;
}

/**
 * A value that this definition does not know, of a newer server, arrives as its number.
 *
 * @param {Type} type
 * @param {boolean} out
 */
function named(type, out) {
  if (type instanceof protobuf.Enum) return out ? `${type.name} | number` : type.name;
  return out ? `${type.name}Received` : type.name;
}

/** @param {protobuf.Field} field */
function isMessage(field) {
  return field.resolvedType instanceof protobuf.Type && !field.map;
}
