import 'reflect-metadata';
import { AdminKeysService } from 'nestjs-signpost';
import { createBridge } from './bridge.js';
import { readSettings } from './settings.js';

try {
  const settings = readSettings(process.env);
  const app = await createBridge(settings);
  await app.listen(settings.port, settings.host);
  // Of a key that was given only its hash is kept; without one, a key is made at the first start.
  const madeKey = await app.get(AdminKeysService).ensureBootstrapKey(settings.adminKey);
  console.log(`Listening on ${await app.getUrl()}: deliveries of ${settings.sources.join(' and ')} are taken in`);
  if (madeKey !== undefined) console.log(`Admin key, shown this once: ${madeKey}`);
} catch (error) {
  // Faults of the surroundings (a setting, a port that is taken) carry a code and say in one line what they are.
  const isExpected = error instanceof Error && 'code' in error && typeof error.code === 'string';
  console.error(isExpected ? `github-bridge: ${error.message}` : error);
  process.exit(1);
}
