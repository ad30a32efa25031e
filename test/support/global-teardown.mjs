import { startedServices } from './started-services.mjs';

export default async function globalTeardown() {
  // The pooler before the database that it is in front of.
  for (const service of startedServices.reverse()) await service.stop();
}
