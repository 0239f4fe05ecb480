// Names that a documented example may use without declaring them. Only for what every reader has anyway.
import type { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import type * as ours from '../../src/index';

declare global {
  const stack: TerraformStack;
  const scope: Construct;
  const workspace: ours.IWorkspace;
  const model: ours.IRegisteredModel;
  const image: ours.IInferenceImage;
  const service: { readonly image: ours.IInferenceImage; readonly workspace: ours.IWorkspace; readonly sizing: ours.Sizing };
}
