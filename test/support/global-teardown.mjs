export default async function globalTeardown() {
  await globalThis.mqEmbeddedPostgres?.stop();
}
