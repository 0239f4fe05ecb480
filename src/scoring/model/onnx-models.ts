import { LoadedService, ScoreAnswer, ScoreRequest } from '../engine/engine';
import { ModelToLoad } from '../engine/protocol';
import { ReadResult } from '../engine/reader-thread';
import { SessionSettings } from '../settings';
import { OnnxModel } from './onnx-model';

/** The ONNX models of one service, loaded and warm. */
export class OnnxModels {
  /** @throws ModelError */
  static async load(models: readonly ModelToLoad[], session: SessionSettings): Promise<OnnxModels> {
    const loaded = await Promise.all(models.map(model => OnnxModel.load(model, session)));
    const described = [];
    for (const model of loaded) described.push(await model.warmUp());
    return new OnnxModels(loaded, { models: described });
  }

  private constructor(
    private readonly models: readonly OnnxModel[],
    readonly service: LoadedService,
  ) {}

  /** Never rejects. All requests are of one model. */
  score(requests: readonly ScoreRequest[]): Promise<readonly ScoreAnswer[]> {
    return this.models[requests[0].model].score(requests);
  }

  /** Scores what another thread has read, and answers in JSON. Never rejects. */
  scoreRead(request: ScoreRequest, read: ReadResult, begin: number): Promise<ScoreAnswer> {
    return this.models[request.model].scoreRead(request, read, begin);
  }

  /** Gives the models' memory back. */
  async release(): Promise<void> {
    await Promise.all(this.models.map(model => model.release()));
  }
}
