import 'reflect-metadata';
import { serve } from './service/serve.js';

try {
  await serve(process.env);
} catch (error) {
  // Faults of the surroundings (a setting, a port that is taken, a file that cannot be opened) carry a code and say in one
  // line what they are; a stack would hide it. What nobody expected keeps its stack.
  const expected = error instanceof Error && 'code' in error && typeof error.code === 'string';
  const text = expected ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`signpost: ${text}\n`);
  process.exit(1);
}
