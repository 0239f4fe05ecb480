import { randomBytes } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { sha256File } from '../../../src/core/fingerprint';

const MODELS = path.join(__dirname, '..', '..', '..', 'models');

export const MODEL_FILE = path.join(MODELS, 'digits.onnx');

/** A picture of a handwritten digit, as the model's input. */
export type Sample = Readonly<Record<string, unknown>>;

/** Real pictures that the model was not trained on, and what they show. */
export const SAMPLES = read<Sample[]>('digits-samples.json');
export const LABELS = read<number[]>('digits-labels.json');

function read<T>(file: string): T {
  return JSON.parse(fs.readFileSync(path.join(MODELS, file), 'utf8')) as T;
}

/** A key such as a person would make. */
export const newKey = () => randomBytes(32).toString('base64');

/** The same model with other bytes: another text about itself (field 6 of ONNX' ModelProto; of a repeated field the last one holds). */
export function changedModel(folder: string, note: string): string {
  const text = Buffer.from(note);
  const docString = Buffer.concat([Buffer.from([(6 << 3) | 2, text.length]), text]);
  const file = path.join(folder, 'digits.onnx');
  fs.writeFileSync(file, Buffer.concat([fs.readFileSync(MODEL_FILE), docString]));
  return file;
}

/** An answer of the service. */
export interface Scored {
  readonly status: number;
  /** What the model sees in the picture. */
  readonly label?: number;
  readonly body: string;
}

/** Posts one sample; the connection is not kept, so that the next one may reach another replica. */
export async function score(scoringUri: string, sample: Sample, key?: string): Promise<Scored> {
  const response = await fetch(scoringUri, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      connection: 'close',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(sample),
    signal: AbortSignal.timeout(30_000),
  });
  const body = await response.text();
  const label = response.ok ? (JSON.parse(body) as { label: number[] }).label[0] : undefined;
  return { status: response.status, label, body };
}

/** Share of twenty pictures that are read as they are labelled; guessing gives about a tenth. */
export async function accuracy(scoringUri: string, key?: string): Promise<number> {
  let right = 0;
  for (const [index, sample] of SAMPLES.slice(0, 20).entries()) {
    if ((await score(scoringUri, sample, key)).label === LABELS[index]) right++;
  }
  return right / 20;
}

/** A profile as `model-serving profile` writes it, of this model and with this size. */
export function writeProfile(folder: string, modelFile: string, size: { cpu: number; memoryInGB: number }): string {
  const file = path.join(folder, 'profile.json');
  const profile = {
    schemaVersion: 1,
    state: 'Succeeded',
    recommendedCpu: size.cpu,
    recommendedMemoryInGB: size.memoryInGB,
    model: { file: 'digits.onnx', sha256: sha256File(modelFile) },
    objective: { target: 'local', rate: 20, percentile: 0.95, latencyMs: 100 },
    sessionOptions: { intraOpNumThreads: 1, interOpNumThreads: 1, allowSpinning: false },
  };
  fs.writeFileSync(file, JSON.stringify(profile));
  return file;
}
