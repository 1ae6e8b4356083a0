import tseslint from 'typescript-eslint';

/**
 * The house: what each folder of src/ may import. Arrows run downward only, and another folder is entered by its
 * door (`index.ts`). This table is the rule; docs/architecture.md explains it.
 */
const HOUSE = {
  base: [],
  bolt: ['base'],
  wal: ['base'],
  etcd: ['base'],
  apiserver: ['base'],
  controller: ['apiserver', 'base'],
  crd: ['apiserver', 'base'],
  kube: ['base'],
  host: ['base'],
  store: ['base'],
  retention: ['base'],
  snapshot: ['bolt', 'wal', 'base'],
  backup: ['snapshot', 'store', 'base'],
  operations: ['backup', 'snapshot', 'wal', 'store', 'retention', 'host', 'kube', 'etcd', 'apiserver', 'base'],
  cli: ['operations', 'backup', 'snapshot', 'store', 'retention', 'host', 'kube', 'etcd', 'crd', 'apiserver', 'base'],
  operator: ['controller', 'crd', 'apiserver', 'base'],
  standalone: ['controller', 'crd', 'apiserver', 'base'],
};

/** @param {string} folder @param {readonly string[]} allowed */
function houseRule(folder, allowed) {
  const doors = allowed.length === 0 ? '(?!)' : `(?:\\.\\./)+(?:${allowed.join('|')})/index\\.ts`;
  const others = Object.keys(HOUSE)
    .filter((name) => name !== folder)
    .join('|');
  return {
    files: [`src/${folder}/**/*.ts`],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(?!${doors}$)(?:\\.\\./)+(?:${others})(?:/|$)`,
              message: `src/${folder} may import only the doors (index.ts) of: ${allowed.join(', ') || 'nothing'}.`,
            },
            { regex: '(?:^|/)bin\\.ts$', message: 'bin.ts wires everything; nothing imports it.' },
          ],
        },
      ],
    },
  };
}

const processGlobals = [
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'Configuration is parsed once, in bin.ts or cli/, and passed down.',
  },
  {
    selector: "MemberExpression[object.name='process'][property.name='exit']",
    message: 'Throw; the exit code is decided in cli/.',
  },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'Take a Clock.' },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Take the randomness as an argument.',
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take a Clock.' },
];

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules', '.cache', 'try-out'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'max-lines': ['error', { max: 500, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['**/*.test.ts', 'src/bin.ts', 'src/cli/**', 'src/base/clock.ts'],
    rules: { 'no-restricted-syntax': ['error', ...processGlobals] },
  },
  ...Object.entries(HOUSE).map(([folder, allowed]) => houseRule(folder, allowed)),
  { files: ['test/**/*.ts', 'bench/**/*.ts', 'demo/**/*.ts', 'scripts/**/*.ts'], rules: { 'no-console': 'off' } },
);
