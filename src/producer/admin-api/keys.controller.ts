import { Delete, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { JsonBody } from '../../http/json-body.js';
import { ValidQuery } from '../../http/query.js';
import type { CredentialId } from '../../protocol/ids.js';
import { AdminKeysService } from '../access/admin-keys.service.js';
import { AdminController } from './admin-controller.js';
import { ApiId } from './api-id.js';
import { BODY_PROBLEMS } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { CreatedKeyDocument, CreateKeyDto, KeyPageDocument } from './key.dto.js';
import { isIdOf, readList } from './list-cursor.js';
import { ApiListQuery, ListQueryDto } from './list.dto.js';
import { PathId } from './path-id.js';

@AdminController('/keys', 'Admin keys')
export class KeysController {
  constructor(@Inject(AdminKeysService) private readonly keys: AdminKeysService) {}

  @Post()
  @ApiOperation({
    operationId: 'createKey',
    summary: 'Create an admin key',
    description: 'For an operator, or for a producer that publishes over HTTP.',
  })
  @ApiBody({ type: CreateKeyDto })
  @ApiCreatedResponse({ type: CreatedKeyDocument, description: 'The key, with its `apiKey`.' })
  @ApiProblems(...BODY_PROBLEMS)
  create(@JsonBody(CreateKeyDto) body: CreateKeyDto): Promise<CreatedKeyDocument> {
    return this.keys.create(body);
  }

  @Get()
  @ApiOperation({
    operationId: 'listKeys',
    summary: 'List admin keys',
    description: 'In the order of creation; never the keys themselves. A key from the configuration is not among them.',
  })
  @ApiListQuery()
  @ApiOkResponse({ type: KeyPageDocument, description: 'One page.' })
  @ApiProblems('invalid_request', 'invalid_cursor')
  list(@ValidQuery(ListQueryDto) query: ListQueryDto): Promise<KeyPageDocument> {
    return readList(query, isIdOf('key'), (request) => this.keys.list(request));
  }

  @Delete(':keyId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'revokeKey', summary: 'Revoke an admin key' })
  @ApiId('keyId', 'credential')
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems('not_found')
  revoke(@PathId('keyId', 'key') id: CredentialId): Promise<void> {
    return this.keys.remove(id);
  }
}
