import { readFile, writeFile } from 'node:fs/promises';
import { createAdminApiDocument, createFetchApiDocument } from '../dist/index.js';
import { readEnvironment } from '../dist/service/environment.js';
import { createService } from '../dist/service/serve.js';

// docs/openapi*.json are what the code says. `--check` (part of every build) fails when they say something else.
const check = process.argv.includes('--check');
const settings = readEnvironment({ DATABASE_URL: 'sqlite::memory:' });
const app = await createService(settings, Buffer.alloc(32).toString('base64'));
const documents = {
  'docs/openapi.json': createFetchApiDocument(app),
  'docs/openapi-admin.json': createAdminApiDocument(app),
};
await app.close();

for (const [path, document] of Object.entries(documents)) {
  const file = new URL(`../${path}`, import.meta.url);
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (!check) {
    await writeFile(file, text);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`${path} is not what the code says; run: npm run docs\n`);
    process.exitCode = 1;
  }
}
