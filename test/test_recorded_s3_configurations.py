"""Configurations by id (metrics, analytics, inventories): S3's answers as AWS gave them."""

from recorded_s3 import Scenarios

scenarios = Scenarios("s3")
api = Scenarios("s3-api")


def metrics(name, prefix="logs/"):
    return {"Id": name, "MetricsConfiguration": {"Id": name, "Filter": {"Prefix": prefix}}}


@api("TestS3MetricsConfiguration::test_list_bucket_metrics_configurations")
def list_metrics(s3, it):
    bucket = it.bucket()
    for name in ("one", "two"):
        s3.put_bucket_metrics_configuration(Bucket=bucket, **metrics(name, "logs/prefix"))
    it.match("list_bucket_metrics_configurations", "list_bucket_metrics_configurations", Bucket=bucket)


@api("TestS3MetricsConfiguration::test_get_bucket_metrics_configuration")
def get_metrics(s3, it):
    bucket = it.bucket()
    s3.put_bucket_metrics_configuration(Bucket=bucket, **metrics("one"))
    it.match("get_bucket_metrics_configuration", "get_bucket_metrics_configuration", Bucket=bucket, Id="one")


@api("TestS3MetricsConfiguration::test_get_bucket_metrics_configuration_not_exist")
def no_metrics(_s3, it):
    it.match("get_bucket_metrics_configuration", "get_bucket_metrics_configuration", Bucket=it.bucket(), Id="none")


@api("TestS3MetricsConfiguration::test_delete_metrics_configuration")
def delete_metrics(s3, it):
    of = {"Bucket": it.bucket(), "Id": "one"}
    s3.put_bucket_metrics_configuration(Bucket=of["Bucket"], **metrics("one"))
    it.match("delete_bucket_metrics_configuration", "delete_bucket_metrics_configuration", **of)
    it.match("get_bucket_metrics_configuration", "get_bucket_metrics_configuration", **of)


@scenarios("TestS3::test_s3_analytics_configurations")
def analytics(s3, it):
    bucket = it.bucket()
    arn = f"arn:aws:s3:::{bucket}"
    first, second = "config_with_storage_analysis_1", "config_with_storage_analysis_2"

    def named(name, prefix, of=None):
        return {"Bucket": bucket, "Id": name, "AnalyticsConfiguration": {
            "Id": of or name, "Filter": {"Prefix": prefix}, "StorageClassAnalysis": {"DataExport": {
                "OutputSchemaVersion": "V_1", "Destination": {"S3BucketDestination": {
                    "Format": "CSV", "Bucket": arn, "Prefix": "test"}}}}}}

    it.match("put_config_with_storage_analysis_err", "put_bucket_analytics_configuration",
             **named("different-id", "test_ls", of=first))
    it.match("get_config_with_storage_analysis_err", "get_bucket_analytics_configuration", Bucket=bucket, Id="none")
    it.match("delete_config_with_storage_analysis_err", "delete_bucket_analytics_configuration", Bucket=bucket, Id="none")
    it.match("put_config_with_storage_analysis_1", "put_bucket_analytics_configuration", **named(first, "test_ls"))
    it.match("get_config_with_storage_analysis_1", "get_bucket_analytics_configuration", Bucket=bucket, Id=first)
    s3.put_bucket_analytics_configuration(**named(first, "test_ls_2"))
    it.match("get_config_with_storage_analysis_2", "get_bucket_analytics_configuration", Bucket=bucket, Id=first)
    s3.put_bucket_analytics_configuration(**named(second, "test_ls_3"))
    it.match("get_config_with_storage_analysis_3", "get_bucket_analytics_configuration", Bucket=bucket, Id=second)
    it.match("list_config_with_storage_analysis_1", "list_bucket_analytics_configurations", Bucket=bucket)
    s3.delete_bucket_analytics_configuration(Bucket=bucket, Id=second)
    it.match("list_config_with_storage_analysis_2", "list_bucket_analytics_configurations", Bucket=bucket)


def inventory(bucket, name, **more):
    return {"Bucket": bucket, "Id": name, "InventoryConfiguration": {
        "Id": name, "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::target", "Format": "CSV"}}, **more}}


@scenarios("TestS3::test_s3_inventory_report_crud")
def inventories(_s3, it):
    bucket = it.bucket()
    of = {"Bucket": bucket, "Id": "test-inventory"}
    it.match("put-inventory-config", "put_bucket_inventory_configuration",
             **inventory(bucket, "test-inventory", OptionalFields=["Size", "ETag"]))
    it.match("list-inventory-config", "list_bucket_inventory_configurations", Bucket=bucket)
    it.match("get-inventory-config", "get_bucket_inventory_configuration", **of)
    it.match("del-inventory-config", "delete_bucket_inventory_configuration", **of)
    it.match("list-inventory-config-after-del", "list_bucket_inventory_configurations", Bucket=bucket)
    it.match("get-nonexistent-inv-config", "get_bucket_inventory_configuration", **of)


@scenarios("TestS3::test_put_bucket_inventory_config_order")
def inventory_order(s3, it):
    bucket = it.bucket()
    for name in ("test-1", "z-test", "a-test"):
        s3.put_bucket_inventory_configuration(**inventory(bucket, name))
    it.match("list-inventory-config", "list_bucket_inventory_configurations", Bucket=bucket)
    it.match("del-inventory-config", "delete_bucket_inventory_configuration", Bucket=bucket, Id="z-test")
    it.match("list-inventory-config-after-del", "list_bucket_inventory_configurations", Bucket=bucket)


test_recorded = scenarios.as_test()
test_recorded_api = api.as_test()


def test_pages_of_configurations(server):
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="bucket")
    names = [f"m-{number:03}" for number in range(101)]
    for name in names:
        s3.put_bucket_metrics_configuration(Bucket="bucket", **metrics(name))
    first = s3.list_bucket_metrics_configurations(Bucket="bucket")
    assert first["IsTruncated"]
    rest = s3.list_bucket_metrics_configurations(Bucket="bucket", ContinuationToken=first["NextContinuationToken"])
    assert not rest["IsTruncated"]
    assert [one["Id"] for page in (first, rest) for one in page["MetricsConfigurationList"]] == names
