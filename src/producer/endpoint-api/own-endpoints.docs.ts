import { applyDecorators, Controller, UseFilters, UseGuards, UseInterceptors, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ProblemFilter } from '../../http/problem.filter.js';
import { AuditedAs, ReceiverGuard } from '../access/receiver.guard.js';
import { ChangeAudit } from '../admin-api/change-audit.js';
import { ENDPOINT_ID_EXAMPLE } from '../fetch-api/examples.js';
import { ApiFetch } from '../fetch-api/fetch-api.docs.js';

/** A controller of the receiver's own endpoints; what it changes is audited like what operators change. */
export const OwnEndpoints = (path: string): ClassDecorator =>
  applyDecorators(
    ApiFetch('Endpoints'),
    Controller({ path: `v1/endpoints${path}`, version: VERSION_NEUTRAL }),
    UseGuards(ReceiverGuard),
    UseInterceptors(ChangeAudit),
    UseFilters(ProblemFilter),
    AuditedAs('endpoints'),
  );

/** Documents the endpoint's id in the path. */
export const ApiOwnEndpoint = (): MethodDecorator =>
  ApiParam({
    name: 'endpointId',
    description: 'The endpoint’s id.',
    schema: { type: 'string' },
    example: ENDPOINT_ID_EXAMPLE,
  });
