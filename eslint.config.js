import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const outsideOnly = 'belongs to the edges of the program (cli, ui, host, supervisor, the main.ts of a service); pass in what you need';

export default defineConfig(
  globalIgnores(['node_modules/', '.sandbox/', 'bench/results/', 'dist/', 'test-results/', 'test/fixtures/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // The reason to have a linter here: an effect that nobody awaits.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],

      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // The few rules of ESLint itself that neither the compiler nor the rules above cover.
      eqeqeq: 'error',
      'no-async-promise-executor': 'error',
      'no-constant-binary-expression': 'error',
      'no-control-regex': 'error',
      'no-empty': 'error',
      'no-irregular-whitespace': 'error',
      'no-misleading-character-class': 'error',
      'no-self-assign': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-escape': 'error',

      'no-console': 'error',
      'no-restricted-globals': ['error', { name: 'process', message: outsideOnly }, { name: 'console', message: outsideOnly }],
      'no-restricted-imports': [
        'error',
        { paths: ['node:process', 'process', 'node:console', 'console'].map((name) => ({ name, message: outsideOnly })) },
      ],
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } },
      ],

      // Objects here are made of closures; there is no `this` that a method could lose.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/no-misused-spread': ['error', { allow: [{ from: 'lib', name: 'string' }] }],
      // Interfaces that are asynchronous for the real host are implemented by hosts that have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
    },
  },

  {
    name: 'the edges, where the process may be seen',
    files: ['src/setup/{cli,ui,host,supervisor}/**/*.ts', 'src/services/**/main.ts', '{scripts,bench,test}/**/*.ts', '*.config.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-imports': 'off' },
  },
  {
    name: 'the places that print',
    files: ['src/setup/{cli,ui}/**/*.ts', 'src/services/**/main.ts', '{scripts,bench,test}/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    name: 'time comes from the host, so that tests can fix it',
    files: ['{src/setup,plugins}/**/*.ts'],
    ignores: ['src/setup/{cli,ui,host,supervisor}/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'ask host.now()' },
        { selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]', message: 'ask host.now()' },
      ],
    },
  },
  {
    name: 'default exports are for plugins and for tools that demand them',
    files: ['plugins/**/*.ts', '*.config.ts', 'test/fixtures/plugins/**/*.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
  {
    name: 'tests look into values of any shape',
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
