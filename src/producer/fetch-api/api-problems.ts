import { apiProblems } from '../../http/api-problems.js';
import { CURSOR_EXAMPLE } from './examples.js';

/** Documents the problems of an operation of the fetch API. */
export const ApiProblems = apiProblems({
  invalid_request: { errors: [{ pointer: '/limit', message: 'must be a whole number from 1 to 1000' }] },
  invalid_cursor: {
    errors: [{ pointer: '/after', message: 'must be a cursor of this log, exactly as it was received' }],
  },
  cursor_expired: { oldest: CURSOR_EXAMPLE },
});
