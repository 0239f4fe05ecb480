import { ManagedIdentityCredential, TokenCredential, WorkloadIdentityCredential } from '@azure/identity';
import { AppendBlobClient, BlobServiceClient, ContainerClient, RestError } from '@azure/storage-blob';
import { AppendError, AppendTarget } from './append-target';

/** Where the blobs are, and who writes them. */
export interface AzureBlobsOptions {
  readonly containerUrl: string;
  readonly connectionString?: string;
}

/** Blobs that are known to exist and to have their header; enough for a day of many models. */
const MAX_KNOWN = 1_000;
const RETRIES = { maxTries: 3, tryTimeoutInMs: 30_000, retryDelayInMs: 500, maxRetryDelayInMs: 10_000 };

/**
 * Append blobs of one container. Several replicas may append to one blob: each block is appended whole.
 *
 * This file is a bundle of its own: the Azure libraries take about 50 ms and 20 MB to load, which only a service that
 * collects data pays.
 */
export class AzureBlobs implements AppendTarget {
  private readonly container: ContainerClient;
  private readonly known = new Map<string, AppendBlobClient>();
  /** How many blobs of a path are full. */
  private readonly full = new Map<string, number>();

  constructor({ containerUrl, connectionString }: AzureBlobsOptions) {
    const options = { retryOptions: RETRIES, userAgentOptions: { userAgentPrefix: 'model-serving/1' } };
    this.container =
      connectionString === undefined
        ? new ContainerClient(containerUrl, credential(), options)
        : BlobServiceClient.fromConnectionString(connectionString, options).getContainerClient(containerName(containerUrl));
  }

  async append(path: string, block: Buffer, header: Buffer | undefined, signal: AbortSignal): Promise<void> {
    try {
      const blob = this.known.get(path) ?? (await this.open(path, header, signal));
      await blob.appendBlock(block, block.length, { abortSignal: signal });
    } catch (error) {
      this.known.delete(path);
      if (codeOf(error) !== 'BlockCountExceedsLimit')
        throw new AppendError(reasonOf(error, this.container.url), { cause: error });
      this.full.set(path, (this.full.get(path) ?? 0) + 1);
      return this.append(path, block, header, signal);
    }
  }

  private async open(path: string, header: Buffer | undefined, signal: AbortSignal): Promise<AppendBlobClient> {
    const blob = this.container.getAppendBlobClient(this.current(path));
    await blob.createIfNotExists({ abortSignal: signal });
    if (header !== undefined) await writeHeader(blob, header, signal);
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    this.known.set(path, blob);
    return blob;
  }

  /** A blob holds 50,000 blocks; after that comes `data-2.csv`. */
  private current(path: string): string {
    const full = this.full.get(path);
    return full === undefined ? path : path.replace(/(\.[a-z]+)$/, `-${full + 1}$1`);
  }
}

/** Whoever is first writes it: at any other place than the beginning the condition fails. */
async function writeHeader(blob: AppendBlobClient, header: Buffer, signal: AbortSignal): Promise<void> {
  try {
    await blob.appendBlock(header, header.length, { abortSignal: signal, conditions: { appendPosition: 0 } });
  } catch (error) {
    if (codeOf(error) !== 'AppendPositionConditionNotMet') throw error;
  }
}

/** The pod's identity where Kubernetes gives one, else the container group's or machine's; `AZURE_CLIENT_ID` picks one. */
function credential(): TokenCredential {
  const { AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID } = process.env;
  if (AZURE_FEDERATED_TOKEN_FILE) return new WorkloadIdentityCredential();
  return AZURE_CLIENT_ID ? new ManagedIdentityCredential({ clientId: AZURE_CLIENT_ID }) : new ManagedIdentityCredential();
}

function containerName(containerUrl: string): string {
  return new URL(containerUrl).pathname.split('/').filter(Boolean).at(-1) ?? '';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof RestError ? error.code : undefined;
}

function reasonOf(error: unknown, container: string): string {
  const { name, message } = error as Error;
  const code = codeOf(error);
  if (name === 'CredentialUnavailableError' || name === 'AuthenticationRequiredError' || name === 'AuthenticationError') {
    return `no managed identity gives a token (${firstLine(message)}): give the service one, and name it in AZURE_CLIENT_ID if there are several`;
  }
  if (code === 'ContainerNotFound') return `there is no container ${container}: create it`;
  if (code === 'AuthorizationPermissionMismatch' || code === 'AuthorizationFailure') {
    return `the identity may not write to ${container}: give it the role Storage Blob Data Contributor`;
  }
  return code === undefined ? firstLine(message) : `${code}: ${firstLine(message)}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0].slice(0, 300);
}
