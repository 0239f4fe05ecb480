import { stopServers } from '../scoring/support/server';
import { startOurs } from './our-server';
import { ourSuites } from './suites';

jest.setTimeout(60_000);
afterAll(stopServers);

ourSuites('this server, ONNX', 'onnx', setup => startOurs('onnx', setup));
