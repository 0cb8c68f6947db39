import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SignpostReceiverOptionsError } from '../receiver-options-validation.js';

/** The adapter's methods that Nest registers body parsers with; both say whether they keep the raw body. */
interface ParsingAdapter {
  registerParserMiddleware?(prefix: string | undefined, rawBody: boolean): unknown;
  useBodyParser?(type: unknown, rawBody: boolean, ...rest: unknown[]): unknown;
}

/**
 * Finds out at start whether signals can be verified. Nest keeps to itself with which options it was created, so the adapter is
 * listened to while Nest registers its body parsers, which comes after all providers are made.
 */
@Injectable()
export class RawBodyCheck {
  private parsesWithoutRaw = false;
  private readonly undo: () => void;

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    const adapter = host.httpAdapter as unknown as ParsingAdapter | undefined;
    this.undo = adapter ? this.listen(adapter) : () => undefined;
  }

  /** @throws SignpostReceiverOptionsError with the line to add */
  assertRawBodies(): void {
    this.undo();
    if (!this.parsesWithoutRaw) return;
    throw new SignpostReceiverOptionsError(
      'the raw body',
      'of requests is not kept, so no signal could be verified. Create the application with ' +
        'NestFactory.create(AppModule, { rawBody: true })',
    );
  }

  private listen(adapter: ParsingAdapter): () => void {
    const { registerParserMiddleware, useBodyParser } = adapter;
    const note = (rawBody: boolean) => {
      if (!rawBody) this.parsesWithoutRaw = true;
    };
    const noting: ParsingAdapter = {
      registerParserMiddleware: (prefix, rawBody) => {
        note(rawBody);
        return registerParserMiddleware?.call(adapter, prefix, rawBody);
      },
      useBodyParser: (type, rawBody, ...rest) => {
        if (type === 'json') note(rawBody);
        return useBodyParser?.call(adapter, type, rawBody, ...rest);
      },
    };
    for (const name of ['registerParserMiddleware', 'useBodyParser'] as const) {
      if (adapter[name]) Object.defineProperty(adapter, name, { value: noting[name], configurable: true });
    }
    return () => {
      for (const name of ['registerParserMiddleware', 'useBodyParser'] as const) {
        if (adapter[name] === noting[name]) Reflect.deleteProperty(adapter, name);
      }
    };
  }
}
