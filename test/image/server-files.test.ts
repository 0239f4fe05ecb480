import * as path from 'path';
import { App, TerraformStack } from 'cdktf';
import { BuildContext } from '../../src/image/build-context';
import { ImagePlatform } from '../../src/image/image-platform';
import { addOnnxRuntime, addScoringServer } from '../../src/image/server-files';
import { temporaryFolder } from '../support/files';

const newStack = () => new TerraformStack(new App({ outdir: temporaryFolder() }), 'stack');

/** A project where somebody installed other packages than they should have. */
const project = (files: Record<string, string>) =>
  temporaryFolder(Object.fromEntries(Object.entries(files).map(([file, content]) => [path.join('node_modules', file), content])));

const addFrom = (folder: string) => () => addOnnxRuntime(newStack(), new BuildContext(), ImagePlatform.LINUX_AMD64, [folder]);

describe('ONNX Runtime', () => {
  test('is asked for where it is not installed', () => {
    expect(addFrom(project({}))).toThrow(/onnxruntime-node is missing.*IMAGE_RUNTIME_NOT_INSTALLED[^]*npm install/);
  });

  test('is asked for where its binaries of the platform are not there', () => {
    const folder = project({
      'onnxruntime-node/package.json': '{ "name": "onnxruntime-node", "main": "dist/index.js" }',
      'onnxruntime-node/dist/index.js': '',
      'onnxruntime-node/bin/napi-v6/linux/arm64/onnxruntime_binding.node': '',
    });
    expect(addFrom(folder)).toThrow(/bin\/napi-v6\/linux\/x64.*IMAGE_RUNTIME_NOT_INSTALLED/);
  });
});

test('the scoring server is asked for in a checkout that was not built', () => {
  expect(() => addScoringServer(newStack(), new BuildContext(), temporaryFolder())).toThrow(
    /IMAGE_SERVER_NOT_BUNDLED[^]*npm run build/,
  );
});
