export interface EmbeddedPostgres {
  url: string;
  crash(): Promise<void>;
  launch(): Promise<void>;
  stop(): Promise<void>;
}
export const UNSAFE: Record<string, string>;
export function startEmbeddedPostgres(settings?: Record<string, string>): Promise<EmbeddedPostgres>;
export function query(url: string, sql: string): Promise<Record<string, unknown>[]>;
