import { randomUUID } from 'crypto';
import { CollectedRecord, dataOf } from './record';
import { segment } from './segment';
import { DataCollectionSettings } from './settings';

/** Azure ML's names for the two bodies of a request; a script's own collections keep theirs. */
const COLLECTIONS: Readonly<Record<string, string>> = { inputs: 'request', predictions: 'response' };

/** `{endpoint}/{deployment}/{collection}/{yyyy}/{MM}/{dd}/{HH}/{instance}.jsonl`; a model's version is a deployment. */
export function cloudEventPath(settings: DataCollectionSettings, record: CollectedRecord): string {
  const [year, month, day, hour] = record.time.toISOString().split(/[-T:]/);
  const names = [settings.serviceName, deploymentOf(record), collectionOf(record)].map(segment);
  return [...names, year, month, day, hour, `${segment(settings.instance)}.jsonl`].join('/');
}

/**
 * The record as one line: a CloudEvent 1.0 with Azure ML's extensions. What is longer than the limit or no text is not
 * stored apart: `datainblob` is false, and `datanote` says what is missing.
 */
export function cloudEventLine(settings: DataCollectionSettings, record: CollectedRecord): string {
  const { content, path, method } = record;
  const data = dataOf(content);
  const note = data === undefined ? 'binary' : content.note;
  const event = {
    specversion: '1.0',
    id: randomUUID(),
    source: sourceOf(settings, record),
    type: `azureml.inference.${collectionOf(record)}`,
    datacontenttype: data?.json ? 'application/json' : note === 'binary' ? content.type : 'text/plain',
    time: record.time.toISOString(),
    data: data?.value ?? null,
    path,
    method,
    contentrange: `bytes 0-${Math.max(0, content.bytes - 1)}/${content.bytes}`,
    correlationid: record.correlationId,
    xrequestid: record.requestId,
    modelversion: record.modelVersion,
    collectdatatype: data?.json ? 'json' : note === 'binary' ? 'binary' : 'text',
    agent: 'model-serving/1',
    ...(note !== undefined && { datainblob: 'false', datanote: note }),
  };
  return `${JSON.stringify(event)}\n`;
}

function collectionOf({ designation }: CollectedRecord): string {
  return Object.hasOwn(COLLECTIONS, designation) ? COLLECTIONS[designation] : segment(designation);
}

function deploymentOf({ modelName, modelVersion }: CollectedRecord): string {
  return `${modelName}-${modelVersion}`;
}

/** The resource id that the deployment would have in Azure ML. */
function sourceOf(settings: DataCollectionSettings, record: CollectedRecord): string {
  const { subscriptionId, resourceGroup, workspaceName, serviceName } = settings;
  const workspace = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspaceName}`;
  return encodeURI(`${workspace}/onlineEndpoints/${serviceName}/deployments/${deploymentOf(record)}`);
}
