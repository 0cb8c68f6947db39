import { applyDecorators, Controller, UseFilters, UseGuards, UseInterceptors, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiTags } from '@nestjs/swagger';
import { AdminGuard } from '../access/admin.guard.js';
import { AdminProblemFilter } from './admin-problem.filter.js';
import { ProblemDocument } from '../../http/api-problems.js';
import { ApiProblems } from './api-problems.js';
import { ChangeAudit } from './change-audit.js';

/** Name of the security scheme in the OpenAPI document: `Authorization: Bearer <admin key>`. */
export const ADMIN_SECURITY = 'adminKey';

/**
 * A controller of the admin API. The version is part of the literal path, and guards, the audit and filters are bound here, so that
 * neither the host's versioning nor its `APP_*` providers change what stands in the contract.
 */
export function AdminController(path: string, tag: string): ClassDecorator {
  return applyDecorators(
    Controller({ path: `admin/v1${path}`, version: VERSION_NEUTRAL }),
    UseGuards(AdminGuard),
    UseInterceptors(ChangeAudit),
    UseFilters(AdminProblemFilter),
    ApiTags(tag),
    ApiBearerAuth(ADMIN_SECURITY),
    ApiExtraModels(ProblemDocument),
    ApiProblems('unauthorized', 'forbidden', 'rate_limited', 'unavailable'),
  );
}
