import { App } from 'cdktf';
import { aciStack } from './stack';

const app = new App();
aciStack(app);
app.synth();
