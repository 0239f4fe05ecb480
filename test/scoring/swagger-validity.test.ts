import SwaggerParser from '@apidevtools/swagger-parser';
import { declaredSample, scriptDocuments } from '../../src/scoring/script/script-swagger';
import { SwaggerDocuments } from '../../src/scoring/swagger/swagger-documents';
import { ElementType, ModelSignature } from '../../src/scoring/tensor/signature';

const ELEMENT_TYPES: ElementType[] = [
  ...(['float16', 'float32', 'float64', 'int8', 'int16', 'int32', 'int64'] as const),
  ...(['uint8', 'uint16', 'uint32', 'uint64', 'bool', 'string'] as const),
];
/** Every type, free, fixed and unknown dimensions, and names that documents must survive. */
const SIGNATURE: ModelSignature = {
  inputs: ELEMENT_TYPES.map((type, index) => ({ name: `in/${type} "$ref" {${index}}`, type, shape: ['N', 2, ''] })),
  outputs: [
    { name: '__proto__', type: 'float32', shape: [] },
    { name: '$ref', type: 'int64', shape: [0] },
  ],
};
const SAMPLE = { input: '{}', output: '{"__proto__":[[1.5]],"$ref":[]}' };

const modelDocuments = (names: readonly string[], authenticated: boolean) => {
  const documents = new SwaggerDocuments(
    {
      name: 'a "service"',
      version: '1',
      authenticated,
      tls: false,
      pathPrefix: '',
      models: names.map(name => ({ name, version: 1, file: '' })),
    },
    { models: names.map(() => ({ signature: SIGNATURE, sample: SAMPLE })) },
    undefined,
  );
  return (version: string) => {
    const answer = documents.get(version);
    if (!('document' in answer)) throw new Error(answer.message);
    return answer.document.toString();
  };
};
const scriptDocument = (sample: unknown) => {
  const declared = declaredSample({ value: sample }, 'inputSample');
  return (version: string) => scriptDocuments(declared, declared, {})[version];
};

/** Resolves where the document is valid against the specification's schema and its rules. */
const validate = (text: string) => SwaggerParser.validate(JSON.parse(text) as Parameters<typeof SwaggerParser.validate>[0]);

describe.each(['2', '3', '3.1'])('the document of version %s is valid', version => {
  test('for one model', async () => {
    await expect(validate(modelDocuments(['digits'], true)(version))).resolves.toHaveProperty('paths');
  });

  test('for several models, whatever their names, without authentication', async () => {
    await expect(validate(modelDocuments(['a-b', 'a.b', 'Ünïcode'], false)(version))).resolves.toHaveProperty('paths');
  });

  test.each([
    ['nothing known', null],
    ['nested objects', { Inputs: { data: [{ age: 1, name: 'x', when: new Date(0) }] }, GlobalParameters: 1.5 }],
    ['typed arrays', { x: new Float32Array([1]), id: 2n ** 62n }],
    ['an array', [[1, 2]]],
  ])('for a script with a sample of %s', async (_, sample) => {
    await expect(validate(scriptDocument(sample)(version))).resolves.toHaveProperty('paths');
  });
});

test.each(['3', '3.1'])('a mixture of types is valid in version %s', async version => {
  await expect(validate(scriptDocument([1, 'a', null, { b: [true, 'c'] }])(version))).resolves.toHaveProperty('paths');
});
