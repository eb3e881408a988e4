// Biome lints everything else. It does not see a promise of Node's own functions, nor an async function where a callback is expected.
import tseslint from 'typescript-eslint';

const FLOATING = '@typescript-eslint/no-floating-promises';

export default [
  { ignores: ['src/generated/'] },
  { linterOptions: { noInlineConfig: true } },
  {
    files: ['**/*.{ts,tsx,mjs,js}'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: ['./tsconfig.lint.json', './page/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: { [FLOATING]: 'error', '@typescript-eslint/no-misused-promises': 'error' },
  },
  // `void` hides a rejection. In a test one fails the run; here it would be a defect.
  { files: ['src/**', 'page/**'], rules: { [FLOATING]: ['error', { ignoreVoid: false }] } },
];
