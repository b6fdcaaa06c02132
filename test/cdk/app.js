// What the templates beside this file were made of: `npm install aws-cdk-lib constructs && node app.js` writes cdk.out/.
const cdk = require("aws-cdk-lib");
const { aws_s3: s3, aws_iam: iam, aws_lambda: lambda, aws_logs: logs, aws_ssm: ssm } = cdk;

const app = new cdk.App({ analyticsReporting: true, outdir: "cdk.out" });

// What a test of a blob store needs: a bucket, and the role of a function that may use it.
const store = new cdk.Stack(app, "BlobStore");
const bucket = new s3.Bucket(store, "Blobs", {
  versioned: true, blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL, enforceSSL: true,
  removalPolicy: cdk.RemovalPolicy.DESTROY,
  lifecycleRules: [{ expiration: cdk.Duration.days(7) }],
});
const role = new iam.Role(store, "TestRole", {
  assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
  managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName("service-role/AWSLambdaBasicExecutionRole")],
});
bucket.grantReadWrite(role);
new ssm.StringParameter(store, "BucketName", { parameterName: "/blobstore/bucket", stringValue: bucket.bucketName });
new cdk.CfnOutput(store, "Bucket", { value: bucket.bucketName });
new cdk.CfnOutput(store, "RoleArn", { value: role.roleArn });

// A function of its own, with alias, URL and a setting that is kept elsewhere.
const service = new cdk.Stack(app, "Greeter");
const word = ssm.StringParameter.valueForStringParameter(service, "/greeter/word");
const fixed = ssm.StringParameter.valueForStringParameter(service, "/greeter/fixed", 1);
const fn = new lambda.Function(service, "Greet", {
  runtime: lambda.Runtime.PYTHON_3_12, handler: "index.handler",
  code: lambda.Code.fromInline("import os\ndef handler(event, context):\n" +
    "    return os.environ['WORD'] + ' ' + os.environ['FIXED']\n"),
  environment: { WORD: word, FIXED: fixed },
  logGroup: new logs.LogGroup(service, "Log", { retention: logs.RetentionDays.ONE_WEEK }),
});
const alias = new lambda.Alias(service, "Live", { aliasName: "live", version: fn.currentVersion });
fn.currentVersion.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: cdk.Duration.minutes(5) });
const url = alias.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });
new cdk.CfnOutput(service, "Name", { value: fn.functionName });
new cdk.CfnOutput(service, "Url", { value: url.url });

// For one account and region, with conditions and parameters.
const fixedPlace = new cdk.Stack(app, "Users", { env: { account: "000000000000", region: "us-east-1" } });
const stage = new cdk.CfnParameter(fixedPlace, "Stage", { default: "test", allowedValues: ["test", "live"] });
const isLive = new cdk.CfnCondition(fixedPlace, "IsLive", { expression: cdk.Fn.conditionEquals(stage, "live") });
const user = new iam.User(fixedPlace, "User");
const key = new iam.AccessKey(fixedPlace, "Key", { user });
const audit = new logs.LogGroup(fixedPlace, "Audit", { removalPolicy: cdk.RemovalPolicy.RETAIN });
audit.node.defaultChild.cfnOptions.condition = isLive;
new cdk.CfnRule(fixedPlace, "StageIsKnown", { assertions: [
  { assert: cdk.Fn.conditionContains(["test", "live"], stage.valueAsString), assertDescription: "stage is test or live" }] });
new cdk.CfnOutput(fixedPlace, "KeyId", { value: key.accessKeyId });

app.synth();
