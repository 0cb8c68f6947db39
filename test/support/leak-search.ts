import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { storedRows } from './databases.js';

/** Shorter ones would be found by chance. */
const SHORTEST = 12;

/** Everything that came out of a producer, by the name of the place, and where in it a text stands in any form that is easily read back. */
export class LeakSearch {
  private readonly places = new Map<string, string[]>();

  see(place: string, text: string): void {
    const seen = this.places.get(place);
    if (seen) seen.push(text);
    else this.places.set(place, [text]);
  }

  /** Names of the places seen so far. */
  get seen(): string[] {
    return [...this.places.keys()];
  }

  /** All logging, and what is written past it. Answers what ends that. */
  seeLogs(): () => void {
    const keep = (...parts: unknown[]) =>
      this.see('log', parts.map((part) => (typeof part === 'string' ? part : inspect(part, { depth: 8 }))).join(' '));
    Logger.overrideLogger({ log: keep, warn: keep, error: keep, debug: keep, verbose: keep, fatal: keep });
    const ends = (['stdout', 'stderr'] as const).map((name) => {
      const stream = process[name];
      const write = stream.write.bind(stream);
      stream.write = ((chunk: string | Uint8Array, ...rest: []) => {
        this.see(name, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1'));
        return write(chunk, ...rest);
      }) as typeof stream.write;
      return () => void (stream.write = write);
    });
    return () => {
      for (const end of ends) end();
      Logger.overrideLogger(false);
    };
  }

  /** Every column of every table of Signpost, and the bytes of SQLite's files, instead of what was there before. */
  async seeStored(dataSource: DataSource): Promise<void> {
    for (const place of this.seen) if (/^(signpost_|file )/.test(place)) this.places.delete(place);
    for (const [table, rows] of await storedRows(dataSource)) {
      for (const row of rows) {
        for (const [column, value] of Object.entries(row)) this.see(`${table}.${column}`, textOf(value));
      }
    }
    const { database } = dataSource.options;
    if (dataSource.options.type !== 'better-sqlite3' || typeof database !== 'string') return;
    for (const name of await readdir(dirname(database))) {
      if (!name.startsWith(basename(database))) continue;
      this.see(`file ${name}`, (await readFile(join(dirname(database), name))).toString('latin1'));
    }
  }

  /** Where it stands; a place that is in `except` does not count. */
  find(canary: string, except: readonly RegExp[] = []): string[] {
    const forms = formsOf(canary);
    return [...this.places].flatMap(([place, texts]) => {
      if (except.some((allowed) => allowed.test(place))) return [];
      return [...forms]
        .filter(([, form]) => texts.some((text) => text.includes(form)))
        .map(([name]) => `${place} (${name})`);
    });
  }

  /** `what`: says in a failure which one it is. */
  expectNowhere(what: string, canary: string, except: readonly RegExp[] = []): void {
    expect([what, this.find(canary, except)]).toEqual([what, []]);
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('latin1') : (JSON.stringify(value) ?? '');
}

/** As it is, and as programs write it without meaning to hide it. */
function formsOf(canary: string): Map<string, string> {
  if (canary.length < SHORTEST) throw new Error(`"${canary}" is too short to be found by`);
  const bytes = Buffer.from(canary);
  const characters = [...canary];
  const forms = new Map([
    ['plain', canary],
    ['in JSON', JSON.stringify(canary).slice(1, -1)],
    ['escaped', characters.map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
    ['in a URL', encodeURIComponent(canary)],
    ['percent-encoded', [...bytes].map((each) => `%${each.toString(16)}`).join('')],
    ['reversed', characters.toReversed().join('')],
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
  ]);
  for (const encoding of ['base64', 'base64url'] as const) {
    // Wherever it begins in what is encoded: without the characters that its neighbours have a part in.
    for (const before of [0, 1, 2]) {
      const text = Buffer.concat([Buffer.alloc(before), bytes])
        .toString(encoding)
        .replace(/=+$/, '');
      forms.set(`${encoding} at ${before}`, text.slice(before === 0 ? 0 : before + 1, -1));
    }
  }
  return forms;
}
