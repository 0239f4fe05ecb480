import { Table } from '../row';
import { cors } from './cors';
import { entryScript } from './entry-script';
import { load } from './load';
import { rawHttp } from './raw-http';
import { routes } from './routes';
import { schema } from './schema';
import { swagger } from './swagger';
import { types } from './types';

export { starts } from './start';

export const tables: readonly Table[] = [routes, cors, entryScript, schema, types, rawHttp, swagger, load];
