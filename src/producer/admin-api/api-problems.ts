import { apiProblems } from '../../http/api-problems.js';

/** Documents the problems of an operation of the admin API. */
export const ApiProblems = apiProblems({
  invalid_request: {
    errors: [{ pointer: '/name', message: 'must be text of 1 to 200 characters without control characters' }],
  },
  invalid_cursor: {
    errors: [{ pointer: '/after', message: 'must be the cursor of an earlier page of this list, unchanged' }],
  },
});
