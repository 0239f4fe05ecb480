import * as path from 'path';
import { RAW_TYPE } from '../../scoring/wire/media-type';

/** Files that are one body, byte for byte, and what they are. */
const TYPES: Readonly<Record<string, string>> = {
  '.bin': RAW_TYPE,
  '.raw': RAW_TYPE,
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.bmp': 'image/bmp',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.wav': 'audio/wav',
  '.mp3': 'audio/mpeg',
  '.pdf': 'application/pdf',
  '.xml': 'application/xml',
};

/** The content type of a file that is sent as it is; undefined where its name does not tell. */
export const rawType = (file: string): string | undefined => TYPES[path.extname(file).toLowerCase()];
