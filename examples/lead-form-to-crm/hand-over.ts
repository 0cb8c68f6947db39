import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What the operator of a producer gives to a receiver's team; here a file does that. */
export interface HandOver {
  apiKey: string;
  signingSecret: string;
}

/** undefined: nothing was handed over yet. */
export function handedOver(file: string): HandOver | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as HandOver) : undefined;
}

/** Readable for this user only: there is a key in it. */
export function handOver(file: string, what: HandOver): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(what), { mode: 0o600 });
}
