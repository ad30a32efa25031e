import type { MqTransport } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import type { Environment } from './shop-config.js';

type MakeTransport = (env: Environment, problems: string[]) => MqTransport;

/**
 * What `MQ_TRANSPORT` may say. Another broker is one more line here, and nothing else in the shop changes. Both entries may be
 * imported together: the client of a broker is loaded when its transport connects.
 *
 * Told here is what is wrong with a variable as such; what a transport thinks of its settings it says itself, when
 * MqModule checks the configuration.
 */
export const TRANSPORTS: ReadonlyMap<string, MakeTransport> = new Map([
  ['aliyun-http', fromHttp],
  ['rocketmq', fromRocketmq],
]);

const HOST_AND_PORT = /^([\w.-]+|\[[\da-fA-F:]+\]):\d+$/;
const PROFILES = ['apache', 'aliyun'] as const;
const FLAGS: Readonly<Record<string, boolean>> = { '': false, false: false, true: true };

function fromHttp(env: Environment): MqTransport {
  const endpoint = env['MQ_ENDPOINT'] ?? '';
  return aliyunHttp({
    endpoint: HOST_AND_PORT.test(endpoint) ? `http://${endpoint}` : endpoint,
    accessKeyId: env['MQ_ACCESS_KEY_ID'],
    accessKeySecret: env['MQ_ACCESS_KEY_SECRET'],
    instanceId: env['MQ_INSTANCE_ID'],
    requestTimeout: env['MQ_REQUEST_TIMEOUT'],
  });
}

/** Several proxies are separated by semicolons. `MQ_TLS` and `MQ_PROFILE` are for this transport alone. */
function fromRocketmq(env: Environment, problems: string[]): MqTransport {
  const endpoints = (env['MQ_ENDPOINT'] ?? '').split(';');
  if (!endpoints.every((endpoint) => HOST_AND_PORT.test(endpoint))) {
    problems.push(`MQ_ENDPOINT=${endpoints.join(';')} must be the host:port of the proxy, e.g. 127.0.0.1:8081`);
  }
  return rocketmq({
    endpoints,
    credentials: readCredentials(env, problems),
    namespace: env['MQ_INSTANCE_ID'] || undefined,
    tls: readTls(env, problems),
    profile: readProfile(env, problems),
    connectTimeout: env['MQ_REQUEST_TIMEOUT'],
    requestTimeout: env['MQ_REQUEST_TIMEOUT'],
  });
}

/** Apache's broker lets everybody in unless it is told otherwise, so none are a choice; a half is a mistake. */
function readCredentials(
  env: Environment,
  problems: string[],
): { accessKey: string; accessSecret: string } | undefined {
  const accessKey = env['MQ_ACCESS_KEY_ID'] || '';
  const accessSecret = env['MQ_ACCESS_KEY_SECRET'] || '';
  if (accessKey && accessSecret) return { accessKey, accessSecret };
  if (accessKey || accessSecret) {
    problems.push('MQ_ACCESS_KEY_ID and MQ_ACCESS_KEY_SECRET belong together: set both, or neither');
  }
  return undefined;
}

function readTls(env: Environment, problems: string[]): boolean {
  const tls = FLAGS[env['MQ_TLS'] ?? ''];
  if (tls === undefined) problems.push(`MQ_TLS=${env['MQ_TLS']} is not known; known: true, false`);
  return tls ?? false;
}

function readProfile(env: Environment, problems: string[]): (typeof PROFILES)[number] {
  const name = env['MQ_PROFILE'] || PROFILES[0];
  const profile = PROFILES.find((known) => known === name);
  if (!profile) problems.push(`MQ_PROFILE=${name} is not known; known: ${PROFILES.join(', ')}`);
  return profile ?? PROFILES[0];
}
