"""The pipeline that somebody has who tests with AWS Lambda by hand: a shell script of `aws` commands, under `set -e`, unchanged."""

import json
import os
import re
import shutil
import stat
import subprocess

import pytest

import support
from support import Ended, PATIENCE_S

LOG_BYTES = 5 << 20
LINE_BYTES = 101

TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "Private"}},
        "RunnerRole": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}]},
            "Path": "/",
            "Policies": [{"PolicyName": "s3-and-logs", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                 "Resource": "arn:aws:logs:*:*:*"},
                {"Effect": "Allow", "Action": ["s3:GetObject*", "s3:PutObject*", "s3:List*", "s3:DeleteObject*"],
                 "Resource": [{"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "Bucket"}]]},
                              {"Fn::Join": ["", ["arn:aws:s3:::", {"Ref": "Bucket"}, "/*"]]}]}]}}]}},
    },
    "Outputs": {
        "BucketName": {"Value": {"Ref": "Bucket"}},
        "RunnerRoleArn": {"Value": {"Fn::GetAtt": ["RunnerRole", "Arn"]}},
    },
}

HANDLER = """
import logging
import os
import subprocess


def test_runner_handler(event, context):
    os.environ.update(event)
    logger = logging.getLogger()
    logger.setLevel(logging.DEBUG)
    try:
        output = subprocess.check_output(["./suite"], env=os.environ, stderr=subprocess.STDOUT)
        logger.debug("Test suite output:\\n" + output.decode())
    except subprocess.CalledProcessError as failed:
        logger.debug("Test suite failed:\\n" + failed.output.decode())
        raise
"""

# It runs the tool as its user would, with the credentials of the role that it finds in its environment.
SUITE = r"""
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

static int run(const std::string& command) {
  std::printf("running: %s\n", command.c_str());
  std::fflush(stdout);
  return std::system(("./tool -c /tmp/config.json " + command).c_str());
}

int main() {
  const char* bucket = std::getenv("BUCKET_NAME");
  if (bucket == nullptr) return 2;
  std::ofstream("/tmp/config.json") << "{\"credentials_source\": \"env_or_profile\", \"region\": \"us-east-1\", "
                                       "\"bucket_name\": \"" << bucket << "\"}";
  std::ofstream("/tmp/source") << "what a suite writes\n";
  if (run("put /tmp/source key") != 0) return 1;
  if (run("exists key") != 0) return 1;
  if (run("get key /tmp/copy") != 0) return 1;
  if (run("delete key") != 0) return 1;
  const char* lines = std::getenv("LINES");
  for (long i = 0; lines != nullptr && i < std::atol(lines); ++i) std::printf("line %08ld %s\n", i, std::string(86, '=').c_str());
  std::puts("ALL PASSED");
}
"""

PIPELINE = r"""#!/bin/bash
set -euo pipefail
aws() { command "$AWS" $AWS_OPTIONS "$@"; }
parameter() { aws cloudformation describe-stacks --stack-name runner --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text; }

if refused=$(aws cloudformation create-stack --stack-name runner --template-body file://template.json 2>&1); then exit 90; fi
echo "$refused" | grep -F 'InsufficientCapabilitiesException' | grep -F 'Requires capabilities : [CAPABILITY_IAM]'

aws cloudformation create-stack --stack-name runner --template-body file://template.json --capabilities CAPABILITY_IAM
aws cloudformation wait stack-create-complete --stack-name runner
bucket=$(parameter BucketName)
role=$(parameter RunnerRoleArn)
[ "$(aws cloudformation describe-stacks --stack-name runner --query 'Stacks[0].StackStatus' --output text)" = CREATE_COMPLETE ]

zip -q -j deployment.zip suite tool lambda_function.py
aws lambda create-function --region us-east-1 --function-name runner --zip-file fileb://deployment.zip --role "$role" \
  --timeout 300 --handler lambda_function.test_runner_handler --runtime python3.12
for waiter in $WAITERS; do aws lambda wait "$waiter" --function-name runner; done

aws lambda invoke --invocation-type RequestResponse --function-name runner --region us-east-1 --log-type Tail \
  --payload '{"BUCKET_NAME":"'"$bucket"'"}' out.log | tee lambda.json
[ "$(cat out.log)" = null ]
python3 -c 'import base64, json
answer = json.load(open("lambda.json"))
assert answer["StatusCode"] == 200 and "FunctionError" not in answer, answer
print(base64.b64decode(answer["LogResult"]).decode())' | tee tail.log
grep -F 'ALL PASSED' tail.log
grep -F 'REPORT RequestId' tail.log

aws lambda invoke --invocation-type RequestResponse --function-name runner --log-type Tail --payload '{"BUCKET_NAME":"somebody-elses-bucket"}' \
  out.log | tee lambda.json
python3 -c 'import json
answer, error = json.load(open("lambda.json")), json.load(open("out.log"))
assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled", answer
assert error["errorType"] == "CalledProcessError", error
assert "returned non-zero exit status 1" in error["errorMessage"], error
assert any("check_output" in line for line in error["stackTrace"]), error'

aws lambda invoke --function-name runner --log-type Tail --payload '{"BUCKET_NAME":"'"$bucket"'","LINES":"'"$LINES_TO_PRINT"'"}' out.log > lambda.json
group=/aws/lambda/runner
stream=$(aws logs describe-log-streams --log-group-name $group --query 'logStreams[0].logStreamName' --output text)
last=none token= pages=0
: > whole.log
while [ "$token" != "$last" ]; do
  last=$token
  aws logs get-log-events --log-group-name $group --log-stream-name "$stream" --start-from-head ${token:+--next-token "$token"} \
    --output json > page.json
  python3 -c 'import json, sys
page = json.load(open("page.json"))
open("whole.log", "a").write("".join(event["message"] for event in page["events"]))
print(page["nextForwardToken"])' > token
  token=$(cat token)
  pages=$((pages + 1))
done
echo "$pages pages"
aws logs filter-log-events --log-group-name $group --filter-pattern '"ALL PASSED"' --query 'events[].message' --output text | grep -c 'ALL PASSED' > filtered

if [ -n "$TAIL" ]; then
  aws logs tail $group --since 1h --filter-pattern CalledProcessError > tailed
  PYTHONUNBUFFERED=1 "$AWS" $AWS_OPTIONS logs tail $group --follow --since 1h --filter-pattern CalledProcessError > followed &
  follower=$!
  until grep -q CalledProcessError followed; do kill -0 $follower; sleep 0.1; done
  kill $follower
  wait $follower || true
fi

aws lambda delete-function --function-name runner
aws logs delete-log-group --log-group-name $group
aws cloudformation delete-stack --stack-name runner
aws cloudformation wait stack-delete-complete --stack-name runner
if gone=$(aws cloudformation describe-stacks --stack-name runner 2>&1); then exit 91; fi
echo "$gone" | grep -F 'Stack with id runner does not exist'

aws cloudformation deploy --stack-name deployed --template-file template.json --capabilities CAPABILITY_IAM
aws cloudformation deploy --stack-name deployed --template-file template.json --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset
if aws cloudformation deploy --stack-name deployed --template-file template.json --capabilities CAPABILITY_IAM --fail-on-empty-changeset; then exit 92; fi
python3 -c 'import json
template = json.load(open("template.json"))
template["Resources"]["Log"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}
json.dump(template, open("template.json", "w"))'
aws cloudformation deploy --stack-name deployed --template-file template.json --capabilities CAPABILITY_IAM
[ "$(aws cloudformation describe-stack-resource --stack-name deployed --logical-resource-id Log --query StackResourceDetail.ResourceStatus --output text)" = CREATE_COMPLETE ]
aws cloudformation delete-stack --stack-name deployed
aws cloudformation wait stack-delete-complete --stack-name deployed
"""


def find_clis():
    """{takes AWS_ENDPOINT_URL: (program, version)} of the AWS CLIs on the path: version 1 since 1.29, version 2 since 2.13 take it."""
    found = {}
    for folder in os.get_exec_path():
        program = os.path.join(folder, "aws")
        if not os.access(program, os.X_OK):
            continue
        said = subprocess.run([program, "--version"], capture_output=True, text=True)
        match = re.search(r"aws-cli/(\d+)\.(\d+)", said.stdout + said.stderr)
        if match is None:
            continue
        version = (int(match[1]), int(match[2]))
        found.setdefault(version >= (2, 13) or (1, 29) <= version < (2, 0), (program, version))
    return found


class Pipeline:
    """A folder with all that the script needs, and what the script left there."""

    def __init__(self, folder, program, version, options):
        if shutil.which("zip") is None:
            pytest.skip("zip is not installed")
        if support.compiler() is None:
            pytest.skip("no C++ compiler for the suite")
        if not support.S3CLI.exists():
            pytest.skip(f"{support.S3CLI} is not built")
        self.folder = folder
        self.folder.mkdir()
        self.has_tail = version[0] >= 2
        (folder / "template.json").write_text(json.dumps(TEMPLATE))
        (folder / "lambda_function.py").write_text(HANDLER)
        (folder / "suite.cc").write_text(SUITE)
        subprocess.run([support.compiler(), "-O1", "-static", "-o", folder / "suite", folder / "suite.cc"], check=True)
        shutil.copy(support.S3CLI, folder / "tool")
        (folder / "pipeline.sh").write_text(PIPELINE)
        (folder / "pipeline.sh").chmod(0o755)
        (folder / "aws-config").write_text("[default]\ncli_binary_format = raw-in-base64-out\noutput = json\n")
        for name in ("suite", "tool"):
            assert (folder / name).stat().st_mode & stat.S_IXUSR
        waiters = ["function-active-v2", "function-updated-v2"] if self._knows(program, "function-active-v2") else ["function-active"]
        self.environment = {
            "AWS": program, "AWS_OPTIONS": options, "AWS_CONFIG_FILE": str(folder / "aws-config"), "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1", "WAITERS": " ".join(waiters), "LINES_TO_PRINT": str(LOG_BYTES // LINE_BYTES + 1),
            "TAIL": "yes" if self.has_tail else "",
        }

    @staticmethod
    def _knows(program, waiter):
        listed = subprocess.run([program, "lambda", "wait", "help"], capture_output=True, text=True,
                                env={**os.environ, "AWS_PAGER": "", "PAGER": "cat", "MANPAGER": "cat"}, stdin=subprocess.DEVNULL)
        return waiter in listed.stdout

    def check(self, ended):
        assert ended.status == 0, ended
        whole = (self.folder / "whole.log").read_text()
        assert len(whole) > LOG_BYTES
        lines = re.findall(r"^line (\d{8}) =+$", whole, flags=re.M)
        assert lines == [f"{i:08}" for i in range(LOG_BYTES // LINE_BYTES + 1)], f"{len(lines)} lines, each once and in order"
        assert int(re.search(r"^(\d+) pages$", ended.stdout, flags=re.M)[1]) > 5
        assert "CalledProcessError" in whole
        assert (self.folder / "filtered").read_text().strip() == "2"
        if self.has_tail:
            assert "CalledProcessError" in (self.folder / "tailed").read_text()
            assert "CalledProcessError" in (self.folder / "followed").read_text()


def with_endpoint(clis, takes_variable):
    if takes_variable not in clis:
        pytest.skip("no AWS CLI that takes AWS_ENDPOINT_URL is installed" if takes_variable else
                    "no AWS CLI from before AWS_ENDPOINT_URL is installed")
    return clis[takes_variable]


@pytest.fixture(scope="module")
def clis():
    return find_clis()


def test_the_pipeline_runs_with_an_endpoint_url(server, clis, tmp_path):
    """As the older AWS CLI is told where to go."""
    program, version = with_endpoint(clis, False)
    pipeline = Pipeline(tmp_path / "work", program, version, f"--endpoint-url {server.url}")
    environment = {**server.sortie.environment, **server.environment, **pipeline.environment}
    environment.pop("AWS_ENDPOINT_URL")
    done = subprocess.run(["./pipeline.sh"], env=environment, cwd=pipeline.folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=3 * PATIENCE_S)
    pipeline.check(Ended(done.returncode, done.stdout, done.stderr))


def test_serve_runs_the_pipeline_unchanged(sortie, clis, tmp_path):
    """Nothing in it says that this is not AWS."""
    program, version = with_endpoint(clis, True)
    pipeline = Pipeline(tmp_path / "work", program, version, "")
    ended = sortie("serve", "--", "./pipeline.sh", cwd=pipeline.folder, environment=pipeline.environment, timeout=3 * PATIENCE_S)
    pipeline.check(ended)
    if not pipeline.has_tail:
        pytest.skip("all but `aws logs tail` passed: version 1 of the AWS CLI does not have it")


def test_serve_runs_the_pipeline_with_its_endpoint_url(sortie, clis, tmp_path):
    if True in clis:
        pytest.skip("there is an AWS CLI that takes AWS_ENDPOINT_URL, which was tried without --endpoint-url")
    program, version = with_endpoint(clis, False)
    pipeline = Pipeline(tmp_path / "work", program, version, "")
    script = pipeline.folder / "pipeline.sh"
    script.write_text(PIPELINE.replace("$AWS_OPTIONS", "--endpoint-url $AWS_ENDPOINT_URL"))
    ended = sortie("serve", "--", "./pipeline.sh", cwd=pipeline.folder, environment=pipeline.environment, timeout=3 * PATIENCE_S)
    pipeline.check(ended)
