import { App } from 'cdktf';
import { aksStack } from './stack';

const app = new App();
aksStack(app);
app.synth();
