// The AWS SDK for Go v2 against a server named by AWS_ENDPOINT_URL. Ends with status 0 when everything was as on AWS.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

var background = context.Background()

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func expect(condition bool, what ...any) {
	if !condition {
		panic(fmt.Sprint(what...))
	}
}

// wants is true when err is of the type T, as the SDK makes it from the answer.
func wants[T error](err error) {
	var typed T
	expect(errors.As(err, &typed), "not of the type wanted: ", err)
}

func objects(configuration aws.Config) {
	client := s3.NewFromConfig(configuration, func(options *s3.Options) { options.UsePathStyle = true })
	bucket := aws.String("go-bucket")
	must(client.CreateBucket(background, &s3.CreateBucketInput{Bucket: bucket}))
	algorithms := []s3types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"}
	for _, algorithm := range algorithms {
		key := aws.String("a/" + string(algorithm) + "x")
		put := must(client.PutObject(background, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("hello"),
			ChecksumAlgorithm: algorithm, Metadata: map[string]string{"colour": "red"}}))
		expect(put.ChecksumType == "FULL_OBJECT", put.ChecksumType)
		got := must(client.GetObject(background, &s3.GetObjectInput{Bucket: bucket, Key: key, ChecksumMode: "ENABLED"}))
		expect(string(must(io.ReadAll(got.Body))) == "hello", "another body")
		expect(got.Metadata["colour"] == "red", got.Metadata)
	}
	uploader := manager.NewUploader(client, func(uploader *manager.Uploader) { uploader.PartSize = 5 << 20 })
	large := bytes.Repeat([]byte("x"), 11<<20)
	// Without the length, as from a pipe.
	uploaded := must(uploader.Upload(background, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("large"),
		Body: io.MultiReader(bytes.NewReader(large))}))
	expect(strings.HasSuffix(*uploaded.ETag, `-3"`), *uploaded.ETag)
	buffer := manager.NewWriteAtBuffer(nil)
	downloader := manager.NewDownloader(client, func(downloader *manager.Downloader) { downloader.PartSize = 4 << 20 })
	must(downloader.Download(background, buffer, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("large")}))
	expect(bytes.Equal(buffer.Bytes(), large), "the download differs")
	must(client.CopyObject(background, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("go-bucket/a/x")}))
	count := 0
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket, MaxKeys: aws.Int32(3)})
	for pages.HasMorePages() {
		page := must(pages.NextPage(background))
		count += len(page.Contents)
	}
	expect(count == 8, count, " objects")
	signed := must(s3.NewPresignClient(client).PresignGetObject(background, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("copy")}))
	answer := must(http.Get(signed.URL))
	expect(string(must(io.ReadAll(answer.Body))) == "hello", answer.Status)
	_, err := client.GetObject(background, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("none")})
	wants[*s3types.NoSuchKey](err)
	_, err = client.HeadObject(background, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("none")})
	wants[*s3types.NotFound](err)
	_, err = client.ListObjectsV2(background, &s3.ListObjectsV2Input{Bucket: aws.String("no-bucket")})
	wants[*s3types.NoSuchBucket](err)
	must(client.DeleteObject(background, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("copy")}))
}

func identities(configuration aws.Config) *string {
	client := iam.NewFromConfig(configuration)
	role := must(client.CreateRole(background, &iam.CreateRoleInput{RoleName: aws.String("go-role"), AssumeRolePolicyDocument: aws.String(trust)}))
	must(client.AttachRolePolicy(background, &iam.AttachRolePolicyInput{RoleName: aws.String("go-role"),
		PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")}))
	_, err := client.GetRole(background, &iam.GetRoleInput{RoleName: aws.String("none")})
	wants[*iamtypes.NoSuchEntityException](err)
	tokens := sts.NewFromConfig(configuration)
	expect(*must(tokens.GetCallerIdentity(background, nil)).Account == "000000000000", "another account")
	_, err = tokens.AssumeRole(background, &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("go")})
	var refused smithy.APIError
	expect(errors.As(err, &refused) && refused.ErrorCode() == "AccessDenied", err)
	return role.Role.Arn
}

func functions(configuration aws.Config, role *string) {
	client := lambda.NewFromConfig(configuration)
	name := aws.String("go-function")
	must(client.CreateFunction(background, &lambda.CreateFunctionInput{FunctionName: name, Role: role, Runtime: "provided.al2023",
		Handler: aws.String("x"), Code: &lambdatypes.FunctionCode{ZipFile: must(os.ReadFile(os.Getenv("FUNCTION_ZIP")))}}))
	waiter := lambda.NewFunctionActiveV2Waiter(client, func(options *lambda.FunctionActiveV2WaiterOptions) { options.MinDelay = time.Second })
	if err := waiter.Wait(background, &lambda.GetFunctionInput{FunctionName: name}, time.Minute); err != nil {
		panic(err)
	}
	answer := must(client.Invoke(background, &lambda.InvokeInput{FunctionName: name, Payload: []byte(`{"hello":"wörld"}`), LogType: "Tail"}))
	expect(answer.StatusCode == 200 && string(answer.Payload) == `{"hello":"wörld"}`, string(answer.Payload))
	_, err := client.Invoke(background, &lambda.InvokeInput{FunctionName: aws.String("none")})
	wants[*lambdatypes.ResourceNotFoundException](err)
}

func logs(configuration aws.Config) {
	client := cloudwatchlogs.NewFromConfig(configuration)
	group := aws.String("/aws/lambda/go-function")
	found := must(client.FilterLogEvents(background, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, FilterPattern: aws.String(`"echo starts"`)}))
	expect(len(found.Events) >= 1, "the line is not in the log")
	_, err := client.GetLogEvents(background, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("none"), LogStreamName: aws.String("x")})
	wants[*logstypes.ResourceNotFoundException](err)
}

func main() {
	configuration := must(config.LoadDefaultConfig(background, config.WithRetryMaxAttempts(1)))
	objects(configuration)
	functions(configuration, identities(configuration))
	logs(configuration)
	fmt.Println("done")
}
