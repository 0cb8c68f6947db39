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
import { CreateCredentialDto, CreatedCredentialDocument, CredentialPageDocument } from './credential.dto.js';
import { isIdOf, readList } from './list-cursor.js';
import { ApiListQuery, ListQueryDto } from './list.dto.js';
import { PathId } from './path-id.js';

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
  @ApiCreatedResponse({ type: CreatedCredentialDocument, description: 'The credential, with its `apiKey`.' })
  @ApiProblems(...BODY_PROBLEMS, 'not_found')
  create(
    @PathId('receiverId', 'rcv') receiver: ReceiverId,
    @JsonBody(CreateCredentialDto) { expiresAt, ...given }: CreateCredentialDto,
  ): Promise<CreatedCredentialDocument> {
    return this.credentials.create(receiver, {
      ...given,
      expiresAt: typeof expiresAt === 'string' ? Date.parse(expiresAt) : null,
    });
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

  @Delete(':credentialId')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeCredential',
    summary: 'Revoke a credential',
    description: 'From the answer on its key opens nothing here, and on other nodes within a second.',
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
