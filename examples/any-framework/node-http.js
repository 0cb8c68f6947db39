import { createServer } from 'node:http';
import { nodeSignalHandler } from 'nestjs-signpost/client';
import { secrets, wake } from './inbox.js';

createServer(nodeSignalHandler({ secrets, onSignal: wake })).listen(Number(process.env.PORT ?? 4000), '127.0.0.1');
