export default async function globalTeardown() {
  await globalThis.mqPgbouncer?.stop();
  await Promise.all([globalThis.mqSharedRocketmq?.stop(), globalThis.mqEmbeddedPostgres?.stop()]);
}
