"""Trains the models that the entry scripts load, into the folder that is named, and prints what they are expected to answer."""

import json
import os
import sys

import joblib
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

folder = sys.argv[1]
os.makedirs(folder)

# pictures of handwritten digits, the last twenty for the test
pictures, digits = load_digits(return_X_y=True)
mnist = LogisticRegression(max_iter=200).fit(pictures[:-20] / 16, digits[:-20])
joblib.dump(mnist, os.path.join(folder, "sklearn_mnist_model.pkl"))

# patients, each ten numbers
patients, progression = load_diabetes(return_X_y=True, scaled=False)
regression = Ridge().fit(patients, progression)
joblib.dump(regression, os.path.join(folder, "sklearn_regression_model.pkl"))
numbers = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]]

columns = ["input_name_1", "input_name_2", "input_name_3"]
rows = pd.DataFrame([[1.0, "value1", 2], [2.0, "value2", 5], [4.0, "value3", 1], [5.1, "value2", 3]], columns=columns)
encode = make_column_transformer((OneHotEncoder(), ["input_name_2"]), remainder="passthrough")
table = make_pipeline(encode, LinearRegression()).fit(rows, [3.0, 7.0, 5.0, 8.0])
joblib.dump(table, os.path.join(folder, "model.pkl"))

expected = {
    "pictures": (pictures[-20:] / 16).tolist(),
    "digits": digits[-20:].tolist(),
    "numbers": numbers,
    "regression": regression.predict(numbers).tolist(),
    "rows": rows.to_dict(orient="records"),
    "table": table.predict(rows).tolist(),
}
with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as file:
    json.dump(expected, file)
