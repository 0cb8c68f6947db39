import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { BodyRequest } from '../../http/raw-body.js';
import { ProblemException } from '../../http/problem-exception.js';
import type { Secret } from '../../protocol/secrets.js';
import { createSignalAcceptor, type SignalAcceptor, type SignalAnswer } from '../client/signal-acceptor.js';
import { FeedDrain } from '../drain/feed-drain.js';
import { RECEIVER_OPTIONS } from '../receiver-options.js';
import type { ResolvedReceiverOptions } from '../receiver-options-validation.js';
import { RECEIVER_STRUCTURE, type ResolvedStructure } from '../receiver.module-definition.js';
import { RefusalLog } from './refusal-log.js';

const BARE = { headers: {}, body: '' } as const;

/**
 * Answers requests to the signal route: raw bytes, signature, time, 202 at once. A good signal wakes the drain; nothing is stored, nothing
 * is fetched before the answer, and a bad request costs no more than its signature.
 */
@Injectable()
export class SignalRoute {
  private readonly refusals: RefusalLog;
  private acceptor: SignalAcceptor | undefined;

  constructor(
    @Inject(RECEIVER_OPTIONS) private readonly options: ResolvedReceiverOptions,
    @Inject(RECEIVER_STRUCTURE) { name }: ResolvedStructure,
    @Inject(FeedDrain) private readonly drain: FeedDrain,
  ) {
    this.refusals = new RefusalLog(name, options.now);
    if (options.signing) this.open(options.signing.secret);
  }

  /** From now on signals with these secrets are taken. */
  open(secrets: Secret | readonly Secret[]): void {
    const { signing, now } = this.options;
    this.acceptor = createSignalAcceptor({
      secrets: [secrets, signing?.secret ?? []].flat(),
      now,
      ...(signing?.toleranceSeconds === undefined ? {} : { toleranceSeconds: signing.toleranceSeconds }),
      onSignal: () => this.drain.notify(),
      onRefused: (error) => this.refusals.refused(codeOf(error), error.message),
    });
  }

  accept(request: BodyRequest, body: Buffer): SignalAnswer {
    // The endpoint is being registered; the producer tries again.
    if (!this.acceptor) return { ...BARE, status: 503 };
    // Requests that a test injects are not Node's own and know no headersDistinct.
    const { headersDistinct } = (request.raw ?? request) as Partial<Pick<IncomingMessage, 'headersDistinct'>>;
    return this.acceptor.accept({ headers: headersDistinct ?? request.headers, body });
  }

  /** The body could not be had: too large, or parsed by somebody else before. */
  refuse(problem: ProblemException | undefined, error: unknown): SignalAnswer {
    const cause = problem?.cause instanceof Error ? problem.cause : error;
    this.refusals.refused(codeOf(cause), cause instanceof Error ? cause.message : 'The body could not be read');
    return { ...BARE, status: problem?.getStatus() ?? 400 };
  }
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'unreadable_request';
}
