from inference_schema.parameter_types.spark_parameter_type import SparkParameterType
from inference_schema.schema_decorators import input_schema
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession

# schemas are of samples, and these of a session: as in Azure ML v1 it is made before init() is called
spark = SparkSession.builder.master("local[1]").config("spark.driver.memory", "512m").getOrCreate()
sample = spark.createDataFrame([], "rooms double, place string, since date")


def init():
    global model
    model = PipelineModel.load("model")
    spark.read.parquet("names.parquet").write.saveAsTable("names")


@input_schema("data", SparkParameterType(sample))
def run(data):
    rents = model.transform(data).join(spark.table("names"), "place").orderBy("prediction")
    return [{"name": row.name, "year": row.since.year, "rent": row.prediction} for row in rents.collect()]
