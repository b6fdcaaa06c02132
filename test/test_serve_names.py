"""`sortie serve --names`: AWS's own names lead a command to the embedded AWS, and nothing else changes for it."""

import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading

import pytest

import support

GO_PROGRAM = """package main

import ("fmt"; "io"; "net"; "net/http")

func main() {
	addresses, err := net.LookupHost("s3.eu-west-1.amazonaws.com")
	fmt.Println(addresses, err)
	response, err := http.Get("https://some-bucket.s3.eu-west-1.amazonaws.com/key")
	if err != nil { panic(err) }
	body, _ := io.ReadAll(response.Body)
	fmt.Println(response.StatusCode, response.Header.Get("Server"), len(body) > 0)
}
"""


def named(sortie, script, **options):
    """Runs a shell script as the command."""
    path = sortie.folder / "script"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return sortie("serve", "--names", "--", "./script", **options)


@pytest.fixture(autouse=True)
def notifications(sortie):
    ended = named(sortie, "exit 0")
    if ended.status != 0 and "seccomp" in ended.stderr:
        pytest.skip(f"no seccomp notifications here: {ended.stderr}")
    assert ended.status == 0, ended


def test_the_exit_status_and_both_outputs_are_the_commands(sortie):
    ended = named(sortie, "echo out; echo err >&2; exit 7")
    assert (ended.status, ended.stdout) == (7, "out\n") and "err\n" in ended.stderr
    assert named(sortie, "kill -KILL $$").status == 128 + signal.SIGKILL
    ended = sortie("serve", "--names", "--", "no-such-program")
    assert ended.status == 2 and "no-such-program" in ended.stderr
    assert sortie("serve", "--names").status == 2
    assert sortie("serve", "--names", "--as-role", "r", "--", "true").status == 2


def test_each_name_has_an_address_of_its_own(sortie):
    ended = named(sortie, "getent ahostsv4 s3.amazonaws.com; getent ahostsv4 sts.eu-west-1.amazonaws.com; getent hosts localhost")
    lines = ended.stdout.splitlines()
    assert ended.status == 0, ended
    assert any(line.startswith("198.18.0.1 ") for line in lines) and any(line.startswith("198.18.0.2 ") for line in lines)
    assert lines[-1].startswith(("127.0.0.1", "::1"))


def test_certificates_are_those_of_the_names(sortie):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    ended = named(sortie, """
        curl -sS -o /dev/null -w '%{http_code}\\n' https://some-bucket.s3.amazonaws.com/key
        curl -sS -o /dev/null -w '%{http_code}\\n' http://s3.amazonaws.com/some-bucket/key
        curl -sS https://s3.amazonaws.com:444/ || echo refused $?""")
    assert ended.stdout == "404\n404\nrefused 7\n", ended


def test_the_aws_cli_needs_no_endpoint(sortie, aws_cli):
    for program in {shutil.which("aws"), "/usr/bin/aws"}:
        if program is None or not os.access(program, os.X_OK):
            continue
        ended = named(sortie, f"""set -e
            unset AWS_ENDPOINT_URL
            {program} s3 mb s3://bucket-by-name
            echo hello | {program} s3 cp - s3://bucket-by-name/key
            {program} s3 cp s3://bucket-by-name/key -
            {program} sts get-caller-identity --query Arn --output text""")
        assert ended.status == 0, ended
        assert "hello\n" in ended.stdout and "arn:aws:iam::000000000000:root" in ended.stdout


def test_boto3_ignores_what_it_does_not_know(sortie):
    (sortie.folder / "client.py").write_text("""
import boto3
s3 = boto3.client("s3", region_name="us-east-1")
s3.create_bucket(Bucket="bucket-by-name")
s3.put_object(Bucket="bucket-by-name", Key="k", Body=b"x" * 300000)
print(s3.get_object(Bucket="bucket-by-name", Key="k")["ContentLength"], s3.meta.endpoint_url)
""")
    ended = named(sortie, f"exec {sys.executable} client.py")
    assert ended.stdout.split() == ["300000", "https://s3.amazonaws.com"], ended


def test_a_static_go_program_resolves_by_itself(sortie):
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    (sortie.folder / "client.go").write_text(GO_PROGRAM)
    built = subprocess.run(["go", "build", "-tags", "netgo", "-o", "client", "client.go"], cwd=sortie.folder, capture_output=True,
                           text=True, env={**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off"})
    assert built.returncode == 0, built
    ended = named(sortie, "./client")
    assert ended.stdout.splitlines() == ["[198.18.0.1] <nil>", "404 AmazonS3 true"], ended


def test_node_trusts_the_certificates(sortie):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    (sortie.folder / "client.js").write_text(
        "require('https').get('https://some-bucket.s3.amazonaws.com/key', r => { console.log(r.statusCode); r.resume(); })")
    assert named(sortie, "node client.js").stdout == "404\n"


def test_every_other_host_and_every_file_is_as_outside(sortie):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"from outside")

        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        ended = named(sortie, f"""
            {sys.executable} -c 'import urllib.request as r; print(r.urlopen("http://127.0.0.1:{other.server_port}/").read().decode())'
            echo written > file; id -u; pwd""")
        other.shutdown()
    assert ended.stdout.splitlines() == ["from outside", str(os.geteuid()), str(sortie.folder)], ended
    assert (sortie.folder / "file").read_text() == "written\n"


def test_standard_input_is_the_commands(sortie):
    (sortie.folder / "typed").write_text("typed\n")
    with open(sortie.folder / "typed") as typed:
        assert named(sortie, "cat", stdin=typed).stdout == "typed\n"


def test_a_signal_ends_the_command_and_its_status_is_told(sortie):
    process = sortie.start("serve", "--names", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done",
                           stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(support.PATIENCE_S) == 9
