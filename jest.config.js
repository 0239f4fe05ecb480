/** Unit tests need nothing but Node.js; integration tests use Docker, Terraform and Kubernetes where they answer. */
// tests see a copy of the environment, but ONNX Runtime's native side reads the real one, which must forbid its telemetry
process.env.ORT_DISABLE_TELEMETRY = '1';

const shared = {
  testEnvironment: 'node',
  // jose is an ES module, which jest cannot require
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  transform: { '^.+\\.[jt]s$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  modulePathIgnorePatterns: ['<rootDir>/lib/', '<rootDir>/programs/', 'cdktf.out', 'quickstart.out'],
};

module.exports = {
  testSequencer: '<rootDir>/test/support/longest-first.js',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/integration/', '<rootDir>/test/conformance/parity.test.ts'],
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.test.ts', '<rootDir>/test/conformance/parity.test.ts'],
    },
  ],
};
