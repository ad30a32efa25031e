export default async function globalTeardown() {
  // The pooler before the database that it is in front of.
  for (const service of globalThis.mqServices.reverse()) await service.stop();
}
