import { readFileSync } from 'fs';
import * as path from 'path';
import { SwaggerVersion } from './service-description';

/** A user's own document cannot be served; the message is for the operator. */
export class SwaggerFileError extends Error {}

/** The files that win over what would be written, likeliest first. */
const FILES: Readonly<Record<SwaggerVersion, readonly string[]>> = {
  '2': ['swagger.json', 'swagger2.json'],
  '3': ['swagger3.json'],
  '3.1': ['swagger3.1.json'],
};

/**
 * The documents that the user wrote, by version, each served as it is.
 *
 * @throws SwaggerFileError where one is not JSON: served, it would break its readers; ignored, nobody would know why.
 */
export function readUserDocuments(folder: string): Map<string, Buffer> {
  const documents = new Map<string, Buffer>();
  for (const [version, names] of Object.entries(FILES)) {
    const document = names.reduce<Buffer | undefined>((found, name) => found ?? readDocument(path.join(folder, name)), undefined);
    if (document !== undefined) documents.set(version, document);
  }
  return documents;
}

function readDocument(file: string): Buffer | undefined {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SwaggerFileError(`The Swagger document '${file}' cannot be read: ${(error as Error).message}`);
  }
  try {
    JSON.parse(content.toString());
    return content;
  } catch (error) {
    throw new SwaggerFileError(
      `The Swagger document '${file}' is not JSON: ${(error as Error).message}. Correct it, or remove it to serve the generated one.`,
    );
  }
}
