"""Writes what score.py reads, into the folder that is named."""

import sys

from pyspark.ml import Pipeline
from pyspark.ml.feature import StringIndexer, VectorAssembler
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession

spark = SparkSession.builder.master("local[1]").getOrCreate()
# 3 for each room, 10 more in the town
rows = [(float(rooms), place, 3.0 * rooms + 10.0 * (place == "town")) for rooms in range(1, 9) for place in ("land", "town")]
stages = [
    StringIndexer(inputCol="place", outputCol="place_number", stringOrderType="alphabetAsc"),
    VectorAssembler(inputCols=["rooms", "place_number"], outputCol="features"),
    LinearRegression(featuresCol="features", labelCol="rent"),
]
model = Pipeline(stages=stages).fit(spark.createDataFrame(rows, ["rooms", "place", "rent"]))
model.write().save(f"{sys.argv[1]}/model")
names = spark.createDataFrame([("land", "in the country"), ("town", "in town")], ["place", "name"])
names.coalesce(1).write.option("compression", "zstd").parquet(f"{sys.argv[1]}/names.parquet")
