import { Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { JsonBody } from '../../http/json-body.js';
import type { SigningKey } from '../access/key-ring.js';
import { SigningKeys } from '../access/signing-keys.js';
import { SIGNPOST_OPTIONS, type SignpostOptions } from '../signpost-options.js';
import { isoTime, isoTimeOrNull } from '../subscriptions/listing.js';
import { AdminController } from './admin-controller.js';
import { ApiProblems } from './api-problems.js';
import { DEFAULT_OVERLAP_SECONDS } from './overlap.js';
import { RotateSigningKeyDto, SigningKeyDocument, SigningKeysDocument } from './signing-key.dto.js';

const MS_PER_SECOND = 1_000;

@AdminController('/signing-keys', 'Signing keys')
export class SigningKeysController {
  private readonly now: () => number;

  constructor(
    @Inject(SigningKeys) private readonly keys: SigningKeys,
    @Inject(SIGNPOST_OPTIONS) options: Pick<SignpostOptions, 'now'>,
  ) {
    this.now = options.now ?? Date.now;
  }

  @Get()
  @ApiOperation({
    operationId: 'listSigningKeys',
    summary: 'List the signing keys',
    description:
      'All that are published at `/.well-known/jwks.json`, newest first. There are none before the first is needed.',
  })
  @ApiOkResponse({ type: SigningKeysDocument, description: 'All of them.' })
  async list(): Promise<SigningKeysDocument> {
    const ring = await this.keys.ring();
    return { items: ring.published(this.now()).map(view) };
  }

  @Post('rotate')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'rotateSigningKey',
    summary: 'Rotate a signing key',
    description:
      'Publishes a new key, which signs from `activatesAt` on, once everybody who keeps the published keys must have it. Former ' +
      'ones count until the overlap has passed; during it signals carry a signature of each.',
  })
  @ApiBody({ type: RotateSigningKeyDto })
  @ApiOkResponse({ type: SigningKeyDocument, description: 'The new key.' })
  @ApiProblems(...BODY_PROBLEMS, 'conflict')
  async rotate(
    @JsonBody(RotateSigningKeyDto) { use, overlap = DEFAULT_OVERLAP_SECONDS }: RotateSigningKeyDto,
  ): Promise<SigningKeyDocument> {
    return view(await this.keys.rotate(use, overlap * MS_PER_SECOND));
  }
}

type Shown = Pick<SigningKey, 'kid' | 'use' | 'createdAt' | 'activatesAt' | 'retiresAt'>;

function view({ kid, use, createdAt, activatesAt, retiresAt }: Shown): SigningKeyDocument {
  return {
    kid,
    use,
    createdAt: isoTime(createdAt),
    activatesAt: isoTime(activatesAt),
    retiresAt: isoTimeOrNull(retiresAt),
  };
}
