import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** @typedef {Readonly<Record<string, string | number | boolean>>} Settings */
/** @typedef {import('./start-rocketmq.mjs').RocketmqTopic} RocketmqTopic */
/** @typedef {import('./start-rocketmq.mjs').RocketmqGroup} RocketmqGroup */
/** @typedef {import('./start-rocketmq.mjs').RocketmqCredentials} RocketmqCredentials */
/** @typedef {{ grpc: number, remoting: number }} ProxyPorts */

/** In the folder; where the proxy looks by default. */
export const TLS_KEY = 'conf/tls/rocketmq.key';
export const TLS_CERTIFICATE = 'conf/tls/rocketmq.crt';
const CLUSTER = 'DefaultCluster';
const LOOPBACK = '127.0.0.1';

/**
 * Everything that a name server reads when it starts.
 *
 * @param {string} home
 * @param {number} port
 */
export function writeNameServer(home, port) {
  return write(home, { 'conf/namesrv.conf': properties({ listenPort: port, bindAddress: LOOPBACK }) });
}

/**
 * Everything that a broker reads when it starts, including its topics and groups.
 *
 * @param {string} home
 * @param {{ name: string, host: string, port: number, nameServer: string, topics: readonly RocketmqTopic[], groups: readonly RocketmqGroup[], auth?: RocketmqCredentials | undefined, settings?: Settings | undefined }} options
 */
export function writeBroker(home, { name, host, port, nameServer, topics, groups, auth, settings }) {
  return write(home, {
    'conf/broker.conf': properties({
      ...brokerSettings({ name, host, port, nameServer, store: join(home, 'store') }),
      ...(auth && brokerAuth(home, auth)),
      ...settings,
    }),
    // The broker loads both when it starts, and adds its own.
    'store/config/topics.json': JSON.stringify({
      topicConfigTable: Object.fromEntries(topics.map((topic) => [topic.name, topicConfig(topic)])),
      dataVersion: { counter: 1, stateVersion: 0, timestamp: 1 },
    }),
    'store/config/subscriptionGroup.json': JSON.stringify({
      subscriptionGroupTable: Object.fromEntries(groups.map((group) => [group.name, groupConfig(group)])),
      dataVersion: { counter: 1, stateVersion: 0, timestamp: 1 },
    }),
  });
}

/**
 * Everything that a proxy reads when it starts. In local mode it is in the broker's process, and shares its home.
 *
 * @param {string} home
 * @param {{ mode: 'cluster' | 'local', host: string, ports: ProxyPorts, nameServer: string, auth?: RocketmqCredentials | undefined, settings?: Settings | undefined }} options
 */
export function writeProxy(home, { mode, host, ports, nameServer, auth, settings }) {
  return write(home, {
    'conf/rmq-proxy.json': JSON.stringify({
      ...proxySettings({ mode, host, ports, nameServer }),
      ...(auth && proxyAuth(auth)),
      ...settings,
    }),
  });
}

/**
 * For whichever of them: all listen for TLS as well.
 *
 * @param {string} home
 * @param {{ key: string, certificate: string }} options
 */
export function writeCertificate(home, { key, certificate }) {
  return write(home, { [TLS_KEY]: key, [TLS_CERTIFICATE]: certificate });
}

/**
 * @param {string} home
 * @param {Record<string, string>} files
 */
async function write(home, files) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(home, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/** @param {RocketmqTopic} options */
export function topicConfig({ name, type = 'NORMAL', queues = 4, readOnly = false }) {
  return {
    topicName: name,
    readQueueNums: queues,
    writeQueueNums: queues,
    perm: readOnly ? 4 : 6, // 4 to read, 2 to write
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: { 'message.type': type },
  };
}

/** @param {RocketmqGroup} options */
export function groupConfig({ name, ordered = false, maxRetries = 16 }) {
  return {
    groupName: name,
    consumeEnable: true,
    consumeFromMinEnable: true,
    consumeBroadcastEnable: true,
    consumeMessageOrderly: ordered,
    retryQueueNums: 1,
    retryMaxTimes: maxRetries,
    brokerId: 0,
    whichBrokerWhenConsumeSlowly: 1,
    notifyConsumerIdsChangedEnable: true,
    groupSysFlag: 0,
    consumeTimeoutMinute: 15,
  };
}

/** @param {{ name: string, host: string, port: number, nameServer: string, store: string }} options */
function brokerSettings({ name, host, port, nameServer, store }) {
  return {
    brokerClusterName: CLUSTER,
    brokerName: name,
    brokerId: 0,
    namesrvAddr: nameServer,
    // Routes name this address; without it, the broker takes one that is not loopback.
    brokerIP1: host,
    bindAddress: host,
    listenPort: port,
    storePathRootDir: store,
    brokerRole: 'ASYNC_MASTER',
    flushDiskType: 'ASYNC_FLUSH',
    // As it has to be in production: what does not exist is an error, not a new topic of the wrong type.
    autoCreateTopicEnable: false,
    enablePropertyFilter: true,
    // Receiving over gRPC does not work without it, and delays and redelivery neither.
    timerWheelEnable: true,
    // Each time it goes through all of its 38 MB; every second, the default, is a third of a core for a broker that idles.
    timerFlushIntervalMs: 5_000,
    // Files of the default sizes take 2 GB before the first message.
    mappedFileSizeCommitLog: 64 * 1024 * 1024,
    mappedFileSizeConsumeQueue: 200_000,
    mappedFileSizeTimerLog: 10 * 1024 * 1024,
    maxHashSlotNum: 100_000,
    maxIndexNum: 400_000,
    enableCompaction: false,
    diskMaxUsedSpaceRatio: 95,
    // Two busy cores are not a broker that is overloaded; with the defaults of 200 ms and 1 s it says so, and refuses.
    brokerFastFailureEnable: false,
    osPageCacheBusyTimeOutMills: 10_000,
    transactionCheckInterval: 3_000,
    transactionTimeOut: 3_000,
    // Its default, and what goes with it: nothing that it adds to a message may reach a handler.
    traceOn: true,
    traceTopicEnable: true,
  };
}

/** @param {{ mode: 'cluster' | 'local', host: string, ports: ProxyPorts, nameServer: string }} options */
function proxySettings({ mode, host, ports, nameServer }) {
  return {
    rocketMQClusterName: CLUSTER,
    namesrvAddr: nameServer,
    proxyMode: mode,
    grpcServerPort: ports.grpc,
    remotingListenPort: ports.remoting,
    localServeAddr: host,
    grpcShutdownTimeSeconds: 1,
    tlsTestModeEnable: false,
    // Leases of 2 s instead of at least 10 s, and polls of 100 ms instead of at least 5 s.
    minInvisibleTimeMillsForRecv: 500,
    grpcClientConsumerMinLongPollingTimeoutMillis: 100,
    // That a topic does not exist is remembered as well, for 20 s by default.
    topicRouteServiceCacheRefreshSeconds: 1,
    // Two proxies on one machine differ by their ports: routes name those that the client knows, not this one for both.
    ...(mode === 'cluster' && { useEndpointPortFromRequest: true, ...NO_CACHE }),
  };
}

/** @param {Settings} values */
function properties(values) {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** What a proxy that is no broker knows of topics, groups and users is 20 s old by default. */
const NO_CACHE = Object.fromEntries(
  ['topicConfig', 'subscriptionGroupConfig', 'user', 'acl'].map((what) => [`${what}CacheRefreshSeconds`, 1]),
);
const PROVIDERS = 'org.apache.rocketmq.auth';

/**
 * @param {string} home
 * @param {RocketmqCredentials} options
 */
function brokerAuth(home, { accessKey, accessSecret }) {
  return {
    authConfigPath: join(home, 'store', 'config', 'auth'),
    authenticationEnabled: true,
    authenticationProvider: `${PROVIDERS}.authentication.provider.DefaultAuthenticationProvider`,
    authenticationMetadataProvider: `${PROVIDERS}.authentication.provider.LocalAuthenticationMetadataProvider`,
    authorizationEnabled: true,
    authorizationProvider: `${PROVIDERS}.authorization.provider.DefaultAuthorizationProvider`,
    authorizationMetadataProvider: `${PROVIDERS}.authorization.provider.LocalAuthorizationMetadataProvider`,
    // May do everything.
    initAuthenticationUser: JSON.stringify({ username: accessKey, password: accessSecret }),
    innerClientAuthenticationCredentials: JSON.stringify({ accessKey, secretKey: accessSecret }),
  };
}

/** @param {RocketmqCredentials} options */
function proxyAuth({ accessKey, accessSecret }) {
  return {
    authenticationEnabled: true,
    authenticationProvider: `${PROVIDERS}.authentication.provider.DefaultAuthenticationProvider`,
    authenticationMetadataProvider: 'org.apache.rocketmq.proxy.auth.ProxyAuthenticationMetadataProvider',
    authorizationEnabled: true,
    authorizationProvider: `${PROVIDERS}.authorization.provider.DefaultAuthorizationProvider`,
    authorizationMetadataProvider: 'org.apache.rocketmq.proxy.auth.ProxyAuthorizationMetadataProvider',
    // Apart from the brokers it has to show them who it is, too; without it, it ends as it starts.
    enableAclRpcHookForClusterMode: true,
    innerClientAuthenticationCredentials: JSON.stringify({ accessKey, secretKey: accessSecret }),
  };
}
