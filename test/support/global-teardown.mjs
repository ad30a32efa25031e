export default async function globalTeardown() {
  await Promise.all([globalThis.mqSharedRocketmq?.stop(), globalThis.mqEmbeddedPostgres?.stop()]);
}
