import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

/** One architectural rule: files of `target` may not import `from`, and why. */
const zone = (target, from, message, except = []) => ({ target, from, message, except });

const SQL = '/^\\s*(SELECT .* FROM|INSERT INTO|UPDATE \\w+ SET|DELETE FROM)\\b/i';
const databaseModules = ['typeorm', '@nestjs/typeorm', 'better-sqlite3'];
const noPackages = (packages, message) => [
  'error',
  { patterns: [{ group: packages.flatMap((name) => [name, `${name}/*`]), message }] },
];

export default tseslint.config(
  { ignores: ['dist/**', 'build/**', 'coverage/**', 'node_modules/**', 'data/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        importX.createNodeResolver({ extensions: ['.ts', '.js'], extensionAlias: { '.js': ['.ts', '.js'] } }),
      ],
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      // `{ a, ...rest }` is how a member is left out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      'import-x/no-cycle': ['error', { maxDepth: 6 }],
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            zone(
              './src/producer',
              './src/receiver',
              'The two sides agree through protocol only: a receiver runs without a producer.',
            ),
            zone(
              './src/receiver',
              './src/producer',
              'The two sides agree through protocol only: a producer runs without a receiver.',
            ),
            zone('./src/protocol', './src', 'protocol is what both sides must agree on; it depends on nothing.', [
              './protocol',
            ]),
            zone('./src/database', './src', 'database makes one connection sound and knows nothing of events.', [
              './database',
            ]),
            zone('./src/loop', './src', 'loop is how both sides wait; it knows nothing of what for.', ['./loop']),
            zone(
              './src/receiver/client',
              './src',
              'The client works in any framework and without a database; it knows the protocol only.',
              ['./receiver/client', './protocol'],
            ),
            zone(
              './src/testing',
              './src',
              'What tests are written with depends on what both sides agree on, not on either side.',
              ['./testing', './protocol', './receiver/inbox/inbox-store.ts', './receiver/inbox/inbox-entry.ts'],
            ),
            zone('./src/http', './src', 'http is glue that both sides use; it knows only the problem codes.', [
              './http',
              './protocol',
            ]),
            zone(
              './src/producer/signal',
              './src',
              'signal signs and sends; it must be testable and safe without a database.',
              ['./producer/signal', './protocol'],
            ),
            zone(
              './src/service',
              './src',
              'The service is the first user of the public API: what it cannot do, no host can.',
              ['./service', './index.ts', './receiver/index.ts'],
            ),
            zone(
              './src/cli',
              './src',
              'The command line is a user of the public entries, and starts the service: what it cannot do, no program can.',
              ['./cli', './service', './index.ts', './receiver/index.ts', './receiver/client/index.ts'],
            ),
          ],
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [
      'src/producer/{log,dispatch,subscriptions,access,migrations}/**',
      'src/receiver/{inbox,migrations}/**',
      'src/database/**',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: `:matches(Literal[value=${SQL}], TemplateElement[value.raw=${SQL}])`,
          message: 'Only the steps that own state hold SQL: log, dispatch, subscriptions, access, inbox.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['src/**/index.ts'],
    ignores: ['src/index.ts', 'src/receiver/index.ts', 'src/receiver/client/index.ts', 'src/testing/index.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Program',
          message: 'A barrel hides who uses what; only the public entries of the package are one.',
        },
      ],
    },
  },
  {
    files: ['src/protocol/**/*.ts'],
    rules: {
      'no-restricted-imports': noPackages(
        ['@nestjs', 'typeorm', 'undici', 'class-validator', 'class-transformer', 'better-sqlite3', 'rxjs'],
        'protocol imports node:* only, so that any receiver can use it.',
      ),
    },
  },
  {
    files: ['src/receiver/client/**/*.ts'],
    rules: {
      'no-restricted-imports': noPackages(
        [...databaseModules, '@nestjs', 'express', 'fastify'],
        'The client works in any framework, and without a database.',
      ),
    },
  },
  {
    files: ['src/producer/signal/**/*.ts'],
    rules: {
      'no-restricted-imports': noPackages(
        [...databaseModules, '@nestjs'],
        'signal knows no database and no framework.',
      ),
    },
  },
  {
    files: ['src/producer/{publish,fetch-api,admin-api}/**/*.ts'],
    rules: {
      'no-restricted-imports': noPackages(
        ['better-sqlite3'],
        'Only the steps that own state hold SQL: log, dispatch, subscriptions, access.',
      ),
    },
  },
);
