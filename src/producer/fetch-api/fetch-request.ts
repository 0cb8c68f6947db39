import type { IncomingHttpHeaders } from 'node:http';

/** What the fetch API needs of an Express or Fastify request. */
export interface FetchRequest {
  method: string;
  headers: IncomingHttpHeaders;
  /** Network address of the caller, as the host's proxy settings resolve it. */
  ip?: string | undefined;
}
