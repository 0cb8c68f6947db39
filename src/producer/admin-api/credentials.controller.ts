import { Delete, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { JsonBody } from '../../http/json-body.js';
import { ValidQuery } from '../../http/query.js';
import type { CredentialId, ReceiverId } from '../../protocol/ids.js';
import { CredentialsService } from '../access/credentials.service.js';
import { AdminController } from './admin-controller.js';
import { ApiId } from './api-id.js';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import {
  CreateCredentialDto,
  CreatedCredentialDocument,
  CredentialDocument,
  CredentialPageDocument,
  RotateCredentialDto,
} from './credential.dto.js';
import { isIdOf, readList } from './list-cursor.js';
import { ApiListQuery, ListQueryDto } from './list.dto.js';
import { OptionalJsonBody } from './optional-json-body.js';
import { DEFAULT_OVERLAP_SECONDS } from './overlap.js';
import { PathId } from './path-id.js';

const MS_PER_SECOND = 1_000;

@AdminController('/receivers/:receiverId/credentials', 'Credentials')
export class CredentialsController {
  constructor(@Inject(CredentialsService) private readonly credentials: CredentialsService) {}

  @Post()
  @ApiOperation({
    operationId: 'createCredential',
    summary: 'Create a credential',
    description:
      'What the receiver fetches with. Several may live side by side; replace one by creating the next first.',
  })
  @ApiId('receiverId', 'receiver')
  @ApiBody({ type: CreateCredentialDto })
  @ApiCreatedResponse({
    type: CreatedCredentialDocument,
    description: 'The credential, with its `apiKey` if it has one.',
  })
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  create(
    @PathId('receiverId', 'rcv') receiver: ReceiverId,
    @JsonBody(CreateCredentialDto) { expiresAt, jwks, ...rest }: CreateCredentialDto,
  ): Promise<CreatedCredentialDocument> {
    const given = { ...rest, expiresAt: timeOrNull(expiresAt) };
    if (jwks === undefined) return this.credentials.create(receiver, given);
    const keys = jwks.keys.map((key) => ({ ...key }));
    return this.credentials.createWithPublicKeys(receiver, { ...given, jwks: { keys } });
  }

  @Get()
  @ApiOperation({
    operationId: 'listCredentials',
    summary: 'List the credentials of a receiver',
    description: 'In the order of creation, expired ones included; never their keys.',
  })
  @ApiId('receiverId', 'receiver')
  @ApiListQuery()
  @ApiOkResponse({ type: CredentialPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor', 'not_found')
  list(
    @PathId('receiverId', 'rcv') receiver: ReceiverId,
    @ValidQuery(ListQueryDto) query: ListQueryDto,
  ): Promise<CredentialPageDocument> {
    return readList(query, isIdOf('key'), (request) => this.credentials.list(receiver, request));
  }

  @Get(':credentialId')
  @ApiOperation({ operationId: 'getCredential', summary: 'Show a credential', description: 'Never its key.' })
  @ApiId('receiverId', 'receiver')
  @ApiId('credentialId', 'credential')
  @ApiOkResponse({ type: CredentialDocument, description: 'The credential.' })
  @ApiProblems('not_found')
  get(
    @PathId('receiverId', 'rcv') receiver: ReceiverId,
    @PathId('credentialId', 'key') credential: CredentialId,
  ): Promise<CredentialDocument> {
    return this.credentials.get(credential, receiver);
  }

  @Post(':credentialId/rotate')
  @ApiOperation({
    operationId: 'rotateCredential',
    summary: 'Rotate a credential',
    description:
      'Makes a credential that may do the same, with a key of its own. The former one expires after the overlap, so a receiver can ' +
      'switch at any time within it; with `overlap` 0 it ends at once.',
  })
  @ApiId('receiverId', 'receiver')
  @ApiId('credentialId', 'credential')
  @ApiBody({ type: RotateCredentialDto, required: false })
  @ApiCreatedResponse({ type: CreatedCredentialDocument, description: 'The new credential, with its `apiKey`.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found', 'conflict')
  rotate(
    @PathId('receiverId', 'rcv') receiver: ReceiverId,
    @PathId('credentialId', 'key') credential: CredentialId,
    @OptionalJsonBody(RotateCredentialDto) { overlap = DEFAULT_OVERLAP_SECONDS, expiresAt }: RotateCredentialDto,
  ): Promise<CreatedCredentialDocument> {
    const overlapMs = overlap * MS_PER_SECOND;
    return this.credentials.rotate(credential, receiver, { overlapMs, expiresAt: timeOrNull(expiresAt) });
  }

  @Delete(':credentialId')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeCredential',
    summary: 'Revoke a credential',
    description:
      'From the answer on neither its key nor a token that it obtained opens anything here, and on other nodes within a second.',
  })
  @ApiId('receiverId', 'receiver')
  @ApiId('credentialId', 'credential')
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('not_found')
  revoke(
    @PathId('receiverId', 'rcv') receiver: ReceiverId,
    @PathId('credentialId', 'key') credential: CredentialId,
  ): Promise<void> {
    return this.credentials.revoke(credential, receiver);
  }
}

function timeOrNull(text: string | null | undefined): number | null {
  return typeof text === 'string' ? Date.parse(text) : null;
}
