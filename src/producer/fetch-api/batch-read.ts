import { Inject, Injectable } from '@nestjs/common';
import { problem } from '../../protocol/problem.js';
import type { Authenticated } from '../access/authenticated.js';
import type { Position } from '../log/event-store.js';
import { AccessNote } from './access-note.js';
import { EventReader, type EventRead } from './event-reader.js';
import type { FetchRequest } from './fetch-request.js';
import { problemOfRead } from './problem-of-read.js';
import { ProgressRecorder } from './progress-recorder.js';

/** Payloads in memory at once: a hundred of the largest would be a hundred mebibytes for one request. */
const READ_AT_ONCE = 16;

/** Reads events by their ids, each with an answer of its own. */
@Injectable()
export class BatchRead {
  constructor(
    @Inject(EventReader) private readonly reader: EventReader,
    @Inject(ProgressRecorder) private readonly progress: ProgressRecorder,
    @Inject(AccessNote) private readonly access: AccessNote,
  ) {}

  /** The text of the answer. What was handed out is noted as the text goes out. */
  async *parts(ids: readonly string[], access: Authenticated, request: FetchRequest): AsyncGenerator<string, void> {
    for (let from = 0; from < ids.length; from += READ_AT_ONCE) {
      const asked = ids.slice(from, from + READ_AT_ONCE);
      const reads = await this.reader.many(asked, access);
      const results = asked.map((id) => resultText(id, reads.get(id) ?? { kind: 'not_found' }));
      const found = [...reads.values()].filter(({ kind }) => kind === 'found').length;
      const positions = [...reads.values()].flatMap(positionTold);
      this.access.note(access, request, { action: 'batch', status: 200, ids: asked, count: found });
      if (positions.length > 0) this.progress.record(access.receiver.id, { kind: 'fetched', positions });
      const isLast = from + READ_AT_ONCE >= ids.length;
      yield `${from === 0 ? '{"results":[' : ','}${results.join(',')}${isLast ? ']}' : ''}`;
    }
  }
}

function resultText(id: string, read: EventRead): string {
  if (read.kind === 'found') return `{"id":"${id}","status":200,"event":${read.body.toString()}}`;
  const { code, detail } = problemOfRead(read);
  const body = problem(code, detail);
  return JSON.stringify({ id, status: body.status, problem: body });
}

/** Also of an event whose payload is gone: who was told so need not be reminded of it. */
function positionTold(read: EventRead): Position[] {
  return read.kind === 'not_found' ? [] : [read.position];
}
