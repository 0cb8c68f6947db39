import 'reflect-metadata';
import { EnvironmentError } from './service/environment.js';
import { serve } from './service/serve.js';

try {
  await serve(process.env);
} catch (error) {
  // One line that names the cause; a stack would hide it. Unexpected errors keep theirs.
  const text = error instanceof EnvironmentError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`signpost: ${text}\n`);
  process.exitCode = 1;
}
