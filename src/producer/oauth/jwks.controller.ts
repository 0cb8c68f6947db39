import { Controller, Get, Inject, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import { ProblemFilter } from '../../http/problem.filter.js';
import { reply } from '../../http/reply.js';
import { MEDIA_TYPE } from '../../protocol/headers.js';
import { SigningKeys } from '../access/signing-keys.js';
import { jwksCacheMs } from '../access/signing-key-times.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { ApiJwks } from './jwks.docs.js';
import type { JwksView } from './jwks.views.js';

const MS_PER_SECOND = 1_000;

/** The public keys that signatures and access tokens are verified with. For everybody: there is no secret in them. */
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
@UseFilters(ProblemFilter)
export class JwksController {
  private readonly now: () => number;
  private readonly cacheControl: string;

  constructor(
    @Inject(SigningKeys) private readonly keys: SigningKeys,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now' | 'signingKeys'>,
  ) {
    this.now = options.now ?? Date.now;
    this.cacheControl = `public, max-age=${Math.floor(jwksCacheMs(options.signingKeys) / MS_PER_SECOND)}`;
  }

  @Get('jwks.json')
  @ApiJwks()
  async jwks(@Res() response: unknown): Promise<void> {
    // Both are there from the first look on: whoever keeps the answer must not be met by a key that it has not seen.
    await this.keys.ringFor('signal');
    const ring = await this.keys.ringFor('token');
    const view: JwksView = {
      keys: ring.published(this.now()).map(({ kid, use, publicJwk }) => ({
        ...publicJwk,
        kid,
        alg: 'EdDSA',
        use: 'sig',
        signpost_use: use,
      })),
    };
    const headers = { 'content-type': MEDIA_TYPE.json, 'cache-control': this.cacheControl };
    reply(response, { status: 200, headers, body: JSON.stringify(view) });
  }
}
