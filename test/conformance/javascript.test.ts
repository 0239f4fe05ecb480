import { stopServers } from '../scoring/support/server';
import { startOurs } from './our-server';
import { ourSuites } from './suites';

jest.setTimeout(60_000);
afterAll(stopServers);

ourSuites('this server, JavaScript', 'javascript', setup => startOurs('javascript', setup));
