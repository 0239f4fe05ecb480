"""Scores rows of ten numbers with a scikit-learn model that is registered as `diabetes`."""

import os

import joblib
import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.schema_decorators import input_schema, output_schema

# the samples declare the types, and appear in the service's Swagger documents
INPUT = np.array([[0.04, 0.05, 0.06, 0.02, -0.04, -0.03, -0.04, 0.0, 0.02, -0.02]])
OUTPUT = np.array([206.1])


def init():
    global model
    # one model: its own folder; several: the folder that holds <name>/<version> of each
    model = joblib.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "diabetes.joblib"))
    print("model loaded:", model)


@input_schema("data", NumpyParameterType(INPUT))
@output_schema(NumpyParameterType(OUTPUT))
def run(data):
    return model.predict(data).tolist()
