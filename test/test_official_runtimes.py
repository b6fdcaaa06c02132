"""Bootstraps made with AWS's own runtime clients, built from their registries into a cache: in Go, in Rust, and Python's.

Each is skipped aloud where its toolchain is not installed, or its packages cannot be had.
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from support import REPOSITORY, wait_until
from test_runtimes import Functions, zip_of

CACHE = pathlib.Path(os.environ.get("SORTIE_OFFICIAL_DIR", REPOSITORY / "build/official-runtimes"))
pytestmark = pytest.mark.slow

GO = """\
package main

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type failure struct{ error }

func handle(ctx context.Context, event map[string]any) (map[string]any, error) {
	switch {
	case event["fail"] != nil:
		return nil, errors.New("as asked")
	case event["panic"] != nil:
		panic("in panic")
	}
	info, _ := lambdacontext.FromContext(ctx)
	return map[string]any{"event": event, "id": info.AwsRequestID, "name": lambdacontext.FunctionName}, nil
}

func main() { lambda.Start(handle) }
"""

RUST = """\
use lambda_runtime::{service_fn, Error, LambdaEvent};
use serde_json::{json, Value};

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    if payload.get("fail").is_some() {
        return Err("as asked".into());
    }
    Ok(json!({"event": payload, "id": context.request_id, "name": context.env_config.function_name}))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}
"""

CARGO = """\
[package]
name = "bootstrap"
version = "0.1.0"
edition = "2021"

[dependencies]
lambda_runtime = { version = "0.13", default-features = false }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }

[profile.release]
opt-level = 0
"""


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def write(path, text):
    """Only what has changed: what was built of it stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def fetch(command, folder, **options):
    """A step that needs a registry."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, **options)
    if done.returncode != 0:
        pytest.skip(f"{' '.join(map(str, command[:3]))}: {(done.stderr or done.stdout).strip()[-300:]}")


@pytest.fixture(scope="session")
def go_bootstrap():
    need("go")
    folder = CACHE / "go"
    write(folder / "main.go", GO)
    if not (folder / "go.sum").exists():
        (folder / "go.mod").unlink(missing_ok=True)
        fetch(["go", "mod", "init", "example.com/function"], folder)
        fetch(["go", "get", "github.com/aws/aws-lambda-go@v1.49.0"], folder)
    fetch(["go", "build", "-tags", "lambda.norpc", "-o", "bootstrap", "."], folder,
          env={**os.environ, "CGO_ENABLED": "0"})
    return (folder / "bootstrap").read_bytes()


@pytest.fixture(scope="session")
def rust_bootstrap():
    need("cargo")
    folder = CACHE / "rust"
    write(folder / "src/main.rs", RUST)
    write(folder / "Cargo.toml", CARGO)
    fetch(["cargo", "build", "--release", "--quiet"], folder)
    return (folder / "target/release/bootstrap").read_bytes()


@pytest.fixture(scope="session")
def python_package():
    """{name: bytes} of a package that carries awslambdaric as its own bootstrap."""
    python = "/usr/bin/python3"
    if not pathlib.Path(python).exists():
        pytest.skip("there is no /usr/bin/python3, which the bootstrap is to run")
    folder = CACHE / "awslambdaric"
    if not (folder / "awslambdaric").exists():
        folder.mkdir(parents=True, exist_ok=True)
        fetch([python, "-m", "pip", "install", "--quiet", "--target", folder, "--only-binary=:all:", "awslambdaric"],
              folder)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
             if path.is_file() and "__pycache__" not in path.parts}
    files["bootstrap"] = f'#!/bin/sh\nexec {python} -m awslambdaric "$_HANDLER"\n'
    files["main.py"] = """\
        def handler(event, context):
            if "fail" in event:
                raise RuntimeError("as asked")
            return {"event": event, "id": context.aws_request_id, "name": context.function_name}
        """
    return files


@pytest.fixture
def functions(server):
    return Functions(server)


def check(functions, error_type):
    answer, error, log = functions.invoke({"a": [1, "ä"]})
    assert error is None, (answer, log)
    assert answer["event"] == {"a": [1, "ä"]} and answer["name"] == "f" and len(answer["id"]) == 36
    answer, error, log = functions.invoke({"fail": True})
    assert error == "Unhandled" and answer["errorMessage"] == "as asked" and answer["errorType"] == error_type, answer
    assert functions.invoke({})[1] is None, "the runtime lives on after an error"


def test_go(functions, go_bootstrap):
    functions.make("provided.al2023", "bootstrap", {"bootstrap": go_bootstrap})
    check(functions, "errorString")
    answer, error, log = functions.invoke({"panic": True})
    assert error == "Unhandled" and answer["errorMessage"] == "in panic" and isinstance(answer["stackTrace"], list)
    assert functions.invoke({})[1] is None, "a new process after the panic"


def test_rust(functions, rust_bootstrap):
    functions.make("provided.al2023", "bootstrap", {"bootstrap": rust_bootstrap})
    answer, error, log = functions.invoke({"a": [1, "ä"]})
    assert error is None and answer["event"] == {"a": [1, "ä"]} and answer["name"] == "f", (answer, log)
    answer, error, _ = functions.invoke({"fail": True})
    assert error == "Unhandled" and answer["errorMessage"] == "as asked", answer
    assert functions.invoke({})[1] is None


def test_awslambdaric(functions, python_package):
    functions.make("provided.al2023", "main.handler", python_package)
    check(functions, "RuntimeError")
    # In a hot loop the log follows a moment later.
    wait_until(lambda: "[ERROR] RuntimeError: as asked" in json.dumps(functions.log_events()), "the error is in the log")
