"""Functions that S3 invokes: the events of a bucket arrive as on AWS, and none is lost."""

import json

import pytest

from cloudformation_support import TRUST, Stacks, refused
from lambda_lab import Lab
from support import Server, wait_until

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")

TELL = "import json\n\ndef handler(event, context):\n    print('EVENT', json.dumps(event))\n"


def records_of(server):
    logs = server.boto3("logs")
    try:
        found = logs.filter_log_events(logGroupName="/aws/lambda/fn", filterPattern="EVENT")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [record for event in found for record in json.loads(event["message"].split(" ", 1)[1])["Records"]]


@pytest.fixture
def s3(server):
    client = server.boto3("s3")
    client.create_bucket(Bucket="photos")
    return client


@pytest.fixture
def told(server):
    """A function that writes what it is told into its log; its ARN, and the records so far."""
    lab = Lab(server)
    arn = lab.make(files={"handler.py": TELL})["FunctionArn"]
    return lab, arn, lambda: records_of(server)


def configuration(arn, *events, **more):
    return {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": list(events), **more}]}


def permit(lab, bucket="photos", name="s3", account="000000000000"):
    lab.client.add_permission(FunctionName="fn", StatementId=name, Action="lambda:InvokeFunction",
                              Principal="s3.amazonaws.com", SourceArn=f"arn:aws:s3:::{bucket}", SourceAccount=account)


def test_a_function_is_told_of_new_objects(s3, told):
    lab, arn, records = told
    permit(lab)
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]
    s3.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration=configuration(arn, "s3:ObjectCreated:*", Id="new",
                                                                 Filter={"Key": {"FilterRules": rules}}))
    shown = s3.get_bucket_notification_configuration(Bucket="photos")["LambdaFunctionConfigurations"]
    assert [(each["Id"], each["LambdaFunctionArn"], each["Events"]) for each in shown] == [("new", arn, ["s3:ObjectCreated:*"])]
    s3.put_object(Bucket="photos", Key="in/other.png", Body=b"x")
    answer = s3.put_object(Bucket="photos", Key="in/red flower.jpg", Body=b"hello")
    record = wait_until(records, "the function is told")[0]
    assert record["eventName"] == "ObjectCreated:Put" and record["eventSource"] == "aws:s3"
    assert record["s3"]["bucket"]["name"] == "photos"
    assert record["s3"]["object"]["key"] == "in/red+flower.jpg"
    assert record["s3"]["object"]["size"] == 5
    assert record["responseElements"]["x-amz-request-id"] == answer["ResponseMetadata"]["RequestId"]
    assert len(records()) == 1


@pytest.mark.parametrize("permission", [None, {"bucket": "another"}, {"account": "111111111111"}])
def test_only_with_the_functions_permission(s3, told, permission):
    lab, arn, _ = told
    if permission:
        permit(lab, **permission)
    with pytest.raises(s3.exceptions.ClientError) as refused:
        s3.put_bucket_notification_configuration(Bucket="photos",
                                                 NotificationConfiguration=configuration(arn, "s3:ObjectCreated:*"))
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidArgument"
    assert error["Message"] == "Unable to validate the following destination configurations"
    assert error["ArgumentName"] == arn


def test_permission_is_asked_for_each_event(s3, told):
    lab, arn, records = told
    permit(lab)
    s3.put_bucket_notification_configuration(Bucket="photos",
                                             NotificationConfiguration=configuration(arn, "s3:ObjectRemoved:*"))
    s3.put_object(Bucket="photos", Key="a", Body=b"x")
    lab.client.remove_permission(FunctionName="fn", StatementId="s3")
    s3.delete_object(Bucket="photos", Key="a")
    permit(lab)
    s3.put_object(Bucket="photos", Key="b", Body=b"x")
    s3.delete_object(Bucket="photos", Key="b")
    found = wait_until(records, "the function is told")
    assert [record["s3"]["object"]["key"] for record in found] == ["b"]


def test_an_alias_is_told(s3, told):
    lab, arn, records = told
    lab.client.publish_version(FunctionName="fn")
    lab.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    lab.client.add_permission(FunctionName="fn", Qualifier="live", StatementId="s3", Action="lambda:InvokeFunction",
                              Principal="s3.amazonaws.com")
    s3.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration=configuration(arn + ":live", "s3:ObjectCreated:Put"))
    s3.put_object(Bucket="photos", Key="a", Body=b"x")
    wait_until(records, "the alias is told")


def test_no_event_is_lost_with_the_process(sortie, tmp_path):
    """The objects are acknowledged, the server is killed: the next one tells the function."""
    server = Server(sortie, "--state", str(tmp_path / "state"))
    s3 = server.boto3("s3")
    s3.create_bucket(Bucket="photos")
    lab = Lab(server)
    arn = lab.make(files={"handler.py": TELL})["FunctionArn"]
    permit(lab)
    s3.put_bucket_notification_configuration(Bucket="photos",
                                             NotificationConfiguration=configuration(arn, "s3:ObjectCreated:*"))
    for number in range(5):
        s3.put_object(Bucket="photos", Key=f"k{number}", Body=b"x")
    server.kill()
    server = Server(sortie, "--state", str(tmp_path / "state"))
    keys = {f"k{number}" for number in range(5)}
    wait_until(lambda: {record["s3"]["object"]["key"] for record in records_of(server)} == keys, "all five are told")
    server.stop()


def test_a_stack_with_a_bucket_that_tells_its_function(server):
    stacks = Stacks(server)
    configuration = {"LambdaConfigurations": [{
        "Event": "s3:ObjectCreated:*", "Function": {"Fn::GetAtt": ["F", "Arn"]},
        "Filter": {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".csv"}]}}}]}
    cors = {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 60}]}
    lifecycle = {"Rules": [{"Id": "old", "Status": "Enabled", "Prefix": "tmp/", "ExpirationInDays": 7,
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]}
    bucket = {"Type": "AWS::S3::Bucket", "DependsOn": "P", "Properties": {
        "BucketName": "inbox", "NotificationConfiguration": configuration, "CorsConfiguration": cors,
        "LifecycleConfiguration": lifecycle}}
    template = {"Resources": {
        "R": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": TRUST,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]}},
        "F": {"Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": "fn", "Runtime": "python3.12", "Handler": "index.handler", "Code": {"ZipFile": TELL},
            "Role": {"Fn::GetAtt": ["R", "Arn"]}}},
        "P": {"Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": {"Ref": "F"}, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
            "SourceArn": "arn:aws:s3:::inbox"}},
        "B": bucket}}
    stacks.create(template, Capabilities=["CAPABILITY_IAM"])
    s3 = server.boto3("s3")
    rule = s3.get_bucket_lifecycle_configuration(Bucket="inbox")["Rules"][0]
    assert (rule["ID"], rule["Filter"], rule["Expiration"]) == ("old", {"Prefix": "tmp/"}, {"Days": 7})
    assert s3.get_bucket_cors(Bucket="inbox")["CORSRules"] == [
        {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 60}]
    s3.put_object(Bucket="inbox", Key="a.csv", Body=b"1,2")
    assert wait_until(lambda: records_of(server), "the function is told")[0]["s3"]["object"]["key"] == "a.csv"
    for name in ("NotificationConfiguration", "CorsConfiguration", "LifecycleConfiguration"):
        del bucket["Properties"][name]
    stacks.update(template, Capabilities=["CAPABILITY_IAM"])
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket="inbox")
    assert refused(s3.get_bucket_cors, Bucket="inbox")[0] == "NoSuchCORSConfiguration"
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket="inbox")[0] == "NoSuchLifecycleConfiguration"
    s3.delete_object(Bucket="inbox", Key="a.csv")
    stacks.delete()


@pytest.mark.parametrize("name, value, what", [
    ("NotificationConfiguration", {"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": "arn:aws:sqs:us-east-1:1:q"}]},
     "PutBucketNotificationConfiguration with queues"),
    ("LifecycleConfiguration", {"Rules": [{"Status": "Enabled", "Days": 1}]}, "Encountered unsupported property Days"),
    ("CorsConfiguration", {"CorsRules": [{"AllowedMethods": ["EAT"], "AllowedOrigins": ["*"]}]}, "Unsupported method is EAT")])
def test_a_stack_fails_with_the_reason(server, name, value, what):
    stacks = Stacks(server)
    stacks.create({"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {name: value}}}}, status="ROLLBACK_COMPLETE")
    assert what in stacks.reason("B", "CREATE_FAILED")
