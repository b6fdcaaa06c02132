// The AWS SDK for JavaScript v3 against a server named by AWS_ENDPOINT_URL. Ends with status 0 when everything was as on AWS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import * as s3 from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { IAMClient, AttachRolePolicyCommand, CreateRoleCommand, GetRoleCommand, NoSuchEntityException } from "@aws-sdk/client-iam";
import { STSClient, AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import * as lambda from "@aws-sdk/client-lambda";
import { CloudWatchLogsClient, FilterLogEventsCommand, GetLogEventsCommand, ResourceNotFoundException }
  from "@aws-sdk/client-cloudwatch-logs";

const options = { region: process.env.AWS_REGION, endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 };
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

async function objects() {
  const client = new s3.S3Client({ ...options, forcePathStyle: true });
  const send = (command) => client.send(command);
  await send(new s3.CreateBucketCommand({ Bucket: "js-bucket" }));
  for (const ChecksumAlgorithm of [undefined, "CRC32", "CRC32C", "SHA1", "SHA256"]) {
    const name = { Bucket: "js-bucket", Key: `a/${ChecksumAlgorithm}` };
    await send(new s3.PutObjectCommand({ ...name, Body: "hello", ChecksumAlgorithm, Metadata: { colour: "red" } }));
    const got = await send(new s3.GetObjectCommand({ ...name, ChecksumMode: "ENABLED" }));
    assert.equal(await got.Body.transformToString(), "hello");
    assert.equal(got.Metadata.colour, "red");
    assert.equal(got.ChecksumType, "FULL_OBJECT");
  }
  // A body of unknown length goes out in signed chunks with a checksum behind them.
  await send(new s3.PutObjectCommand({ Bucket: "js-bucket", Key: "stream", Body: Readable.from([Buffer.from("in "), Buffer.from("pieces")]),
                                       ContentLength: 9 }));
  const parts = Buffer.alloc(11 << 20, "x");
  const done = await new Upload({ client, partSize: 5 << 20, params: { Bucket: "js-bucket", Key: "large", Body: parts } }).done();
  assert.match(done.ETag, /-3"$/);
  const large = await send(new s3.GetObjectCommand({ Bucket: "js-bucket", Key: "large", Range: "bytes=11534330-" }));
  assert.equal(await large.Body.transformToString(), "xxxxxx");
  await send(new s3.CopyObjectCommand({ Bucket: "js-bucket", Key: "copy", CopySource: "js-bucket/a/CRC32" }));
  const keys = [];
  for await (const page of s3.paginateListObjectsV2({ client, pageSize: 3 }, { Bucket: "js-bucket" })) {
    keys.push(...page.Contents.map((object) => object.Key));
  }
  assert.equal(keys.length, 8);
  const url = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket: "js-bucket", Key: "copy" }), { expiresIn: 60 });
  assert.equal(await (await fetch(url)).text(), "hello");
  await assert.rejects(send(new s3.GetObjectCommand({ Bucket: "js-bucket", Key: "none" })), s3.NoSuchKey);
  await assert.rejects(send(new s3.HeadObjectCommand({ Bucket: "js-bucket", Key: "none" })), s3.NotFound);
  await assert.rejects(send(new s3.ListObjectsV2Command({ Bucket: "no-bucket" })), s3.NoSuchBucket);
  const deleted = await send(new s3.DeleteObjectsCommand({ Bucket: "js-bucket", Delete: { Objects: keys.map((Key) => ({ Key })) } }));
  assert.equal(deleted.Deleted.length, 8);
  await send(new s3.DeleteBucketCommand({ Bucket: "js-bucket" }));
}

async function identities() {
  const iam = new IAMClient(options);
  const made = await iam.send(new CreateRoleCommand({ RoleName: "js-role", AssumeRolePolicyDocument: trust }));
  await iam.send(new AttachRolePolicyCommand({ RoleName: "js-role", PolicyArn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole" }));
  await assert.rejects(iam.send(new GetRoleCommand({ RoleName: "none" })), NoSuchEntityException);
  const sts = new STSClient(options);
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Account, "000000000000");
  await assert.rejects(sts.send(new AssumeRoleCommand({ RoleArn: made.Role.Arn, RoleSessionName: "js" })), { name: "AccessDenied" });
  return made.Role.Arn;
}

async function functions(Role) {
  const client = new lambda.LambdaClient(options);
  const FunctionName = "js-function";
  await client.send(new lambda.CreateFunctionCommand({
    FunctionName, Role, Runtime: "provided.al2023", Handler: "x", Code: { ZipFile: readFileSync(process.env.FUNCTION_ZIP) } }));
  await lambda.waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1 }, { FunctionName });
  const Payload = JSON.stringify({ hello: "wörld" });
  const answer = await client.send(new lambda.InvokeCommand({ FunctionName, Payload, LogType: "Tail" }));
  assert.equal(answer.StatusCode, 200);
  assert.deepEqual(JSON.parse(Buffer.from(answer.Payload).toString()), { hello: "wörld" });
  assert.match(Buffer.from(answer.LogResult, "base64").toString(), /REPORT RequestId/);
  const streamed = await client.send(new lambda.InvokeWithResponseStreamCommand({ FunctionName, Payload }));
  let text = "";
  for await (const event of streamed.EventStream) text += event.PayloadChunk ? Buffer.from(event.PayloadChunk.Payload).toString() : "";
  assert.deepEqual(JSON.parse(text), { hello: "wörld" });
  await assert.rejects(client.send(new lambda.InvokeCommand({ FunctionName: "none" })), lambda.ResourceNotFoundException);
}

async function logs() {
  const client = new CloudWatchLogsClient(options);
  const logGroupName = "/aws/lambda/js-function";
  const found = await client.send(new FilterLogEventsCommand({ logGroupName, filterPattern: '"echo starts"' }));
  assert.ok(found.events.length >= 1);
  const got = await client.send(new GetLogEventsCommand({ logGroupName, logStreamName: found.events[0].logStreamName, startFromHead: true }));
  assert.match(got.events[0].message, /INIT_START|START|echo/);
  await assert.rejects(client.send(new GetLogEventsCommand({ logGroupName: "none", logStreamName: "x" })), ResourceNotFoundException);
}

await objects();
await functions(await identities());
await logs();
console.log("done");
