import fastify from 'fastify';
import { fastifySignals } from 'nestjs-signpost/client';
import { secrets, wake } from './inbox.js';

const app = fastify().register(fastifySignals({ path: '/signals', secrets, onSignal: wake }));
await app.listen({ port: Number(process.env.PORT ?? 4000), host: '127.0.0.1' });
