import { parseBatchSizes } from '../../src/profiler/batch-sizes';

describe('the sizes of batches', () => {
  test('are summed over the labels of the histogram', () => {
    const text = [
      '# TYPE model_serving_batch_size histogram',
      'model_serving_batch_size_bucket{model="a",le="1"} 7',
      'model_serving_batch_size_sum{model="a"} 30',
      'model_serving_batch_size_count{model="a"} 10',
      'model_serving_batch_size_sum{model="b"} 5',
      'model_serving_batch_size_count{model="b"} 5',
    ].join('\n');
    expect(parseBatchSizes(text)).toEqual({ runs: 15, requests: 35 });
  });

  test('are unknown where the server shows none', () => {
    expect(parseBatchSizes('up 1\n')).toBeUndefined();
  });
});
