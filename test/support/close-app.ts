import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';

/**
 * Closes an application, and its connections as they become idle. Node does the latter once, when the server closes: one whose answer was just under
 * way is kept for as long as the host keeps idle connections, which is 72 s with Fastify, and the test's client keeps it as long.
 */
export async function closeApp(app: INestApplication): Promise<void> {
  const server = app.getHttpServer() as Server;
  const timer = setInterval(() => server.closeIdleConnections(), 50);
  try {
    await app.close();
  } finally {
    clearInterval(timer);
  }
}
