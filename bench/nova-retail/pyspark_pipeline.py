"""Nova Retail in PySpark, local[*]: the original's stages and its three patterns (partitioned bronze, broadcast dimensions, cached joins).

python pyspark_pipeline.py DATA_FOLDER OUTPUT_FOLDER -> last line: JSON with facts (as outcome.ts), stages and the JVM's peak memory
"""

import json
import sys
import time

STARTED = time.perf_counter()

from pyspark.sql import SparkSession, functions as F  # noqa: E402

SOURCES = {
    "orders": "order_id string, customer_id string, order_status string, order_purchase_timestamp timestamp, "
    "order_approved_at timestamp, order_delivered_carrier_date timestamp, order_delivered_customer_date timestamp, "
    "order_estimated_delivery_date timestamp",
    "customers": "customer_id string, customer_unique_id string, customer_zip_code_prefix string, customer_city string, customer_state string",
    "order_items": "order_id string, order_item_id smallint, product_id string, seller_id string, shipping_limit_date timestamp, "
    "price decimal(10,2), freight_value decimal(10,2)",
    "order_payments": "order_id string, payment_sequential smallint, payment_type string, payment_installments smallint, "
    "payment_value decimal(10,2)",
    "order_reviews": "review_id string, order_id string, review_score smallint, review_comment_title string, review_comment_message string, "
    "review_creation_date timestamp, review_answer_timestamp timestamp",
    "products": "product_id string, product_category_name string, product_name_lenght smallint, product_description_lenght smallint, "
    "product_photos_qty smallint, product_weight_g int, product_length_cm smallint, product_height_cm smallint, product_width_cm smallint",
    "sellers": "seller_id string, seller_zip_code_prefix string, seller_city string, seller_state string",
}
PARTITIONED = {"orders": "order_purchase_timestamp", "order_items": "shipping_limit_date"}

data, output = sys.argv[1], sys.argv[2]
stages, mark = {}, STARTED


def finish(stage):
    global mark
    now = time.perf_counter()
    stages[stage] = now - mark
    mark = now


spark = (
    SparkSession.builder.master("local[*]")
    .appName("nova-retail")
    .config("spark.driver.memory", "4g")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.shuffle.partitions", "8")  # the default of 200 is for clusters
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
finish("start")

bronze = {}
for name, schema in SOURCES.items():
    path = f"{output}/bronze/{name}"
    frame = spark.read.csv(
        f"{data}/olist_{name}_dataset.csv",
        schema=schema,
        header=True,
        quote='"',
        escape='"',
        mode="FAILFAST",
        timestampFormat="yyyy-MM-dd HH:mm:ss",
        multiLine=name == "order_reviews",
    )
    writer = frame.write.mode("overwrite")
    if name in PARTITIONED:
        column = F.col(PARTITIONED[name])
        writer = (
            frame.withColumn("order_year", F.year(column))
            .withColumn("order_month", F.month(column))
            .write.mode("overwrite")
            .partitionBy("order_year", "order_month")
        )
    writer.parquet(path)
    bronze[name] = spark.read.parquet(path).drop("order_year", "order_month")
finish("bronze")


def known(column):
    return F.coalesce(F.col(column), F.lit("unknown")).alias(column)


purchased = F.col("order_purchase_timestamp")
date = F.to_date(purchased).alias("order_purchase_date")
year_month = F.date_format(purchased, "yyyy-MM").alias("order_year_month")

silver = (
    bronze["orders"]
    .join(bronze["customers"], "customer_id", "left")
    .join(bronze["order_payments"], "order_id", "left")
    .join(bronze["order_items"], "order_id", "left")
    .join(F.broadcast(bronze["products"]), "product_id", "left")
    .join(F.broadcast(bronze["sellers"]), "seller_id", "left")
    .filter(F.col("payment_value").isNotNull())
    .select(
        "order_id",
        "payment_sequential",
        F.coalesce(F.col("order_item_id"), F.lit(0).cast("smallint")).alias("order_item_id"),
        "customer_id",
        known("customer_state"),
        "order_status",
        "order_purchase_timestamp",
        date,
        F.year(purchased).alias("order_year"),
        F.month(purchased).alias("order_month"),
        F.dayofmonth(purchased).alias("order_day"),
        year_month,
        F.dayofweek(purchased).alias("order_weekday"),
        "payment_type",
        "payment_installments",
        "payment_value",
        known("product_id"),
        known("product_category_name"),
        known("seller_id"),
        known("seller_state"),
        "price",
        "freight_value",
    )
    .cache()
)
silver.write.mode("overwrite").parquet(f"{output}/silver/order_lines")
finish("silver")

gold = {}
gold["fact_sales"] = silver.select(
    "order_id", "customer_id", "product_id", "seller_id", "customer_state", "payment_value", "payment_type", "product_category_name",
    "freight_value", "order_purchase_timestamp", "order_purchase_date", "order_year", "order_month", "order_day", "order_year_month",
    "order_weekday", "payment_sequential", "order_item_id",
)  # fmt: skip


def summary(*keys):
    return (
        gold["fact_sales"]
        .groupBy(*keys)
        .agg(F.countDistinct("order_id").alias("total_orders"), F.sum("payment_value").cast("decimal(12,2)").alias("total_revenue"))
        .withColumn("avg_order_value", F.round(F.col("total_revenue") / F.col("total_orders"), 2).cast("decimal(10,2)"))
    )


gold["sales_summary"] = summary("customer_state", "product_category_name")
gold["sales_by_month_state"] = summary("order_year_month", "customer_state")
gold["fact_order_items"] = (
    bronze["order_items"]
    .join(bronze["orders"], "order_id")
    .join(bronze["customers"], "customer_id", "left")
    .join(F.broadcast(bronze["products"]), "product_id", "left")
    .join(F.broadcast(bronze["sellers"]), "seller_id", "left")
    .select(
        "order_id", "order_item_id", "customer_id", known("customer_state"), "product_id", known("product_category_name"), "seller_id",
        known("seller_state"), "order_status", date, year_month, "price", "freight_value",
    )  # fmt: skip
)
gold["fact_order_payments"] = (
    bronze["order_payments"]
    .join(bronze["orders"], "order_id")
    .join(bronze["customers"], "customer_id", "left")
    .select(
        "order_id", "payment_sequential", "customer_id", known("customer_state"), "order_status", date, year_month, "payment_type",
        "payment_installments", "payment_value",
    )  # fmt: skip
)


def publish(name):
    path = f"{output}/gold/{name}"
    gold[name].write.mode("overwrite").parquet(path)
    spark.read.parquet(path).createOrReplaceTempView(name)


for table in list(gold):
    publish(table)
for table in ("order_items", "order_payments"):
    bronze[table].createOrReplaceTempView(table)
gold["revenue_reconciliation"] = spark.sql(
    """
    with totals as (
      select 'payment_value' as measure, 'bronze.order_payments' as source, (select sum(payment_value) from order_payments) as source_total,
        (select sum(payment_value) from fact_sales) as faithful_total, (select sum(payment_value) from fact_order_payments) as correct_total
      union all
      select 'price', 'bronze.order_items', (select sum(price) from order_items), null, (select sum(price) from fact_order_items)
      union all
      select 'freight_value', 'bronze.order_items', (select sum(freight_value) from order_items),
        (select sum(freight_value) from fact_sales), (select sum(freight_value) from fact_order_items)
    )
    select *, faithful_total - source_total as difference,
      cast(round((faithful_total - source_total) * 100 / source_total, 2) as decimal(9, 2)) as difference_percent
    from totals
    """
)
publish("revenue_reconciliation")
finish("gold")

facts = {f"rows bronze.{name}": str(frame.count()) for name, frame in bronze.items()}
facts["rows silver.order_lines"] = str(silver.count())
facts |= {f"rows gold.{name}": str(spark.table(name).count()) for name in gold}
for row in spark.table("revenue_reconciliation").collect():
    if row.measure == "freight_value":
        facts["freight_value faithful"] = str(row.faithful_total)
        continue
    facts[f"{row.measure} source"] = str(row.source_total)
    facts[f"{row.measure} correct"] = str(row.correct_total)
    if row.faithful_total is not None:
        facts[f"{row.measure} faithful"] = str(row.faithful_total)
category = spark.sql("select sum(total_orders) as orders, sum(avg_order_value) as averages from sales_summary").first()
month = spark.sql("select sum(total_revenue) as revenue, sum(avg_order_value) as averages from sales_by_month_state").first()
facts["orders by category"] = str(category.orders)
facts["averages by category"] = str(category.averages)
facts["revenue by month"] = str(month.revenue)
facts["averages by month"] = str(month.averages)
finish("count")


def jvm_peak():
    """The driver JVM holds the memory, not this process."""
    try:
        pid = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return None


peak = jvm_peak()
spark.stop()
finish("stop")
result = {"facts": facts, "stages": stages}
if peak is not None:
    result["peakMiB"] = peak
print(json.dumps(result))
