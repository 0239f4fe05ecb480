import { App } from 'cdktf';
import { localStack } from './stack';

const app = new App();
localStack(app);
app.synth();
