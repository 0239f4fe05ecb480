import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { ACCOUNT } from './azurite';

/** Creates the container `argv[2]`, or prints its blob `argv[3]`, with the account's key. */
async function main(): Promise<void> {
  const [, , url, blob] = process.argv;
  const container = new ContainerClient(url, new StorageSharedKeyCredential(ACCOUNT.name, ACCOUNT.key));
  if (blob === undefined) await container.create();
  else process.stdout.write(await container.getBlobClient(blob).downloadToBuffer());
}

void main();
