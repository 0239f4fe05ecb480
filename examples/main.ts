import { App } from 'cdktf';
import { aciStack } from './aci/stack';
import { aksStack } from './aks/stack';
import { localStack } from './local/stack';

/** Every example in one app: what `npx cdktf synth` builds at the top of this repository. */
const app = new App();
localStack(app);
aciStack(app);
aksStack(app);
app.synth();
