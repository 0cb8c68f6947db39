/** What is used of a request; the same on Express and Fastify. */
export interface AccessRequest {
  headers: { authorization?: string | undefined };
  ip?: string | undefined;
  socket?: { remoteAddress?: string | undefined } | undefined;
}

/** Where the caller is, as the framework sees it (behind a proxy: as its trust settings say). */
export function callerAddress({ ip, socket }: AccessRequest): string | null {
  return ip ?? socket?.remoteAddress ?? null;
}
