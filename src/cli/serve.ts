import { serve } from '../service/serve.js';
import type { Command } from './command.js';

export const serveCommand: Command = {
  name: 'serve',
  summary: 'start the service',
  description: `Starts the service: both APIs, and the loop that signals. All settings come from the environment; none is required.
SIGTERM and SIGINT end it in order.`,
  async run({ env }) {
    await serve(env);
    return undefined;
  },
};
