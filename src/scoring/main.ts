import { engineMain } from './engine/engine-main';
import { ENGINE_ARGUMENT } from './engine/protocol';
import { READER_ARGUMENT, readerMain } from './engine/reader-thread';
import { SIBLING_ARGUMENT } from './front/protocol';
import { serverMain, siblingMain } from './server-main';

if (process.argv[2] === READER_ARGUMENT) readerMain();
else if (process.argv[2] === ENGINE_ARGUMENT) engineMain();
else if (process.argv[2] === SIBLING_ARGUMENT) siblingMain(process.env, __filename);
else void serverMain(process.env, __filename);
