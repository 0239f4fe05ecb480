// A JavaScript entry script as its users write it.
const ort = require('onnxruntime-node');

let session;

exports.init = async () => {
  session = await ort.InferenceSession.create(`${process.env.AZUREML_MODEL_DIR}/model.onnx`, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
};

exports.run = async input => {
  const rows = input.data;
  const data = new ort.Tensor('float32', Float32Array.from(rows.flat(Infinity)), [rows.length, rows[0].length]);
  const name = session.outputNames[0];
  const output = (await session.run({ data }, [name]))[name];
  return { result: Array.from(output.data) };
};
