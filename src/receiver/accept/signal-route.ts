import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { BodyRequest } from '../../http/raw-body.js';
import type { Secret } from '../../protocol/secrets.js';
import { createSignalAcceptor, type SignalAcceptor, type SignalAnswer } from '../client/signal-acceptor.js';
import type { SignalRequestError } from '../client/signal-request-error.js';
import { FeedDrain } from '../drain/feed-drain.js';
import { RECEIVER_OPTIONS } from '../receiver-options.js';
import type { ResolvedReceiverOptions } from '../receiver-options-validation.js';
import { RECEIVER_STRUCTURE, type ResolvedStructure } from '../receiver.module-definition.js';
import { RefusalLog } from './refusal-log.js';

const NO_BYTES = Buffer.alloc(0);

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
      onRefused: ({ code, message }) => this.refusals.refused(code, message),
    });
  }

  /** @param request with its bytes, as `SignalIntake` took them */
  accept(request: BodyRequest): SignalAnswer {
    // Requests that a test injects are not Node's own and know no headersDistinct.
    const node = (request.raw ?? request) as Pick<IncomingMessage, 'headers'> & Partial<IncomingMessage>;
    const headers = node.headersDistinct ?? node.headers;
    return this.acceptor?.accept({ headers, body: request.rawBody ?? NO_BYTES }) ?? this.notYet();
  }

  /** The body could not be had. */
  refuse(refusal: SignalRequestError): SignalAnswer {
    return this.acceptor?.refuse(refusal) ?? this.notYet();
  }

  private notYet(): SignalAnswer {
    const hint = 'Its endpoint is being registered, and its secret is not known yet; the producer tries again';
    this.refusals.refused('not_registered_yet', hint);
    return { status: 503, headers: {}, body: '' };
  }
}
