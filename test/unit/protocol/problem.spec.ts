import { STATUS_CODES } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { problem, PROBLEMS, type ProblemCode } from '../../../src/protocol/problem.js';

const codes = Object.keys(PROBLEMS) as ProblemCode[];

describe('a problem', () => {
  it.each(codes)('%s names itself in its type and has an error status', (code) => {
    expect(PROBLEMS[code].type).toBe(`urn:signpost:problem:${code}`);
    expect(PROBLEMS[code].status).toBeGreaterThanOrEqual(400);
    expect(STATUS_CODES).toHaveProperty(String(PROBLEMS[code].status));
    expect(PROBLEMS[code].title).not.toBe('');
  });

  it('says what clients were promised', () => {
    const statuses = Object.fromEntries(codes.map((code) => [code, PROBLEMS[code].status]));
    expect(statuses).toEqual({
      invalid_request: 400,
      invalid_cursor: 400,
      malformed_json: 400,
      unauthorized: 401,
      forbidden: 403,
      not_found: 404,
      method_not_allowed: 405,
      not_acceptable: 406,
      conflict: 409,
      idempotency_conflict: 409,
      gone_erased: 410,
      gone_expired: 410,
      cursor_expired: 410,
      payload_too_large: 413,
      unsupported_media_type: 415,
      too_early: 425,
      rate_limited: 429,
      internal: 500,
      unavailable: 503,
    });
  });

  it('has no member that was not given', () => {
    expect(problem('not_found')).toEqual({ ...PROBLEMS.not_found });
    expect('detail' in problem('not_found')).toBe(false);
  });

  it('carries a detail, fields at fault and extensions', () => {
    expect(
      problem('cursor_expired', 'Start at the oldest', { oldest: 'abc', errors: [{ pointer: '/a', message: 'b' }] }),
    ).toEqual({
      type: 'urn:signpost:problem:cursor_expired',
      title: PROBLEMS.cursor_expired.title,
      status: 410,
      detail: 'Start at the oldest',
      oldest: 'abc',
      errors: [{ pointer: '/a', message: 'b' }],
    });
  });

  it('keeps its type, title and status whatever is added', () => {
    const body = problem('not_found', undefined, { type: 'x', title: 'y', status: 200 });
    expect(body).toEqual({ ...PROBLEMS.not_found });
  });
});
