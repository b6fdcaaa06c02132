"""Java functions on this machine's JDKs: the forms of handlers, what they are given and what they answer."""

import pathlib
import shutil
import subprocess
import zipfile

import pytest

from test_runtimes import Functions, functions  # noqa: F401

pytest.importorskip("boto3", reason="boto3 is not installed")
RUNTIME = "java17"

# AWS's interfaces, as far as handlers need them (aws-lambda-java-core); real packages carry the library in lib/.
CORE = {
    "Context": """public interface Context {
        String getAwsRequestId(); String getLogGroupName(); String getLogStreamName(); String getFunctionName();
        String getFunctionVersion(); String getInvokedFunctionArn(); CognitoIdentity getIdentity();
        ClientContext getClientContext(); int getRemainingTimeInMillis(); int getMemoryLimitInMB(); LambdaLogger getLogger(); }""",
    "CognitoIdentity": "public interface CognitoIdentity { String getIdentityId(); String getIdentityPoolId(); }",
    "ClientContext": """public interface ClientContext {
        Client getClient(); java.util.Map<String, String> getCustom(); java.util.Map<String, String> getEnvironment(); }""",
    "Client": "public interface Client { String getAppTitle(); }",
    "LambdaLogger": "public interface LambdaLogger { void log(String message); void log(byte[] message); }",
    "RequestHandler": "public interface RequestHandler<I, O> { O handleRequest(I input, Context context); }",
    "RequestStreamHandler": """public interface RequestStreamHandler {
        void handleRequest(java.io.InputStream in, java.io.OutputStream out, Context context) throws java.io.IOException; }""",
}

HANDLERS = """
package example;

import com.amazonaws.services.lambda.runtime.*;
import java.io.*;
import java.util.*;

public class Handlers {
  public static class Order {
    private String name; private int count; private List<Item> items; private Map<String, Double> prices; private Kind kind;
    public String getName() { return name; }
    public void setName(String name) { this.name = name; }
    public int getCount() { return count; }
    public void setCount(int count) { this.count = count; }
    public List<Item> getItems() { return items; }
    public void setItems(List<Item> items) { this.items = items; }
    public Map<String, Double> getPrices() { return prices; }
    public void setPrices(Map<String, Double> prices) { this.prices = prices; }
    public Kind getKind() { return kind; }
    public void setKind(Kind kind) { this.kind = kind; }
    public boolean isLarge() { return count > 10; }
  }
  public static class Item { private long id; public long getId() { return id; } public void setId(long id) { this.id = id; } }
  public enum Kind { SMALL, GREAT }

  public static class Typed implements RequestHandler<Order, Order> {
    public Order handleRequest(Order order, Context context) {
      order.setCount(order.getCount() + order.getItems().size());
      context.getLogger().log("ordered " + order.getName());
      return order;
    }
  }
  public static abstract class Base<I> implements RequestHandler<I, String> {
    public String handleRequest(I input, Context context) { return input.getClass().getSimpleName() + " " + input; }
  }
  public static class Inherited extends Base<Integer> {}
  public static class Streams implements RequestStreamHandler {
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
      int next; out.write('"');
      while ((next = in.read()) >= 0) { if (next != '"') out.write(Character.toUpperCase(next)); }
      out.write('"');
    }
  }
  public static class Plain {
    public String text(String input) { return "<" + input + ">"; }
    public static int twice(int input) { return 2 * input; }
    public void nothing() { System.out.println("printed"); }
    public Map<String, Object> context(Object event, Context context) {
      Map<String, Object> seen = new TreeMap<>();
      seen.put("name", context.getFunctionName()); seen.put("memory", context.getMemoryLimitInMB());
      seen.put("id", context.getAwsRequestId()); seen.put("arn", context.getInvokedFunctionArn());
      seen.put("left", context.getRemainingTimeInMillis()); seen.put("event", event);
      seen.put("heap", Runtime.getRuntime().maxMemory() >> 20);
      seen.put("execution", System.getenv("AWS_EXECUTION_ENV"));
      return seen;
    }
    public String fails(String input) { throw new IllegalStateException("no " + input, new IOException("below")); }
    public String exits(String input) { System.exit(3); return input; }
    public String reads(String url) throws Exception {
      java.net.HttpURLConnection connection = (java.net.HttpURLConnection) new java.net.URL(url).openConnection();
      return connection.getResponseCode() + " " + connection.getHeaderField("Server");
    }
  }
  public static class Hidden { private Hidden() {} public String text(String input) { return input; } }
}
"""


@pytest.fixture(scope="session")
def classes(tmp_path_factory):
    """{path in the package: bytes}: the handlers' classes, AWS's interfaces in lib/."""
    if shutil.which("javac") is None:
        pytest.skip("there is no JDK")
    folder = tmp_path_factory.mktemp("java")
    for name, text in CORE.items():
        path = folder / "core-src" / f"{name}.java"
        path.parent.mkdir(exist_ok=True)
        path.write_text("package com.amazonaws.services.lambda.runtime;\n" + text)
    (folder / "Handlers.java").write_text(HANDLERS)
    version = ["--release", "17"]
    subprocess.run(["javac", *version, "-d", folder / "core", *sorted((folder / "core-src").iterdir())], check=True)
    subprocess.run(["javac", *version, "-cp", folder / "core", "-d", folder / "task", folder / "Handlers.java"], check=True)
    jar = folder / "aws-lambda-java-core-1.2.3.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        for path in sorted((folder / "core").rglob("*.class")):
            archive.write(path, path.relative_to(folder / "core"))
    files = {str(path.relative_to(folder / "task")): path.read_bytes() for path in (folder / "task").rglob("*.class")}
    return {**files, f"lib/{jar.name}": jar.read_bytes()}


@pytest.fixture
def java(functions, classes):  # noqa: F811
    def run(handler, event=None, **more):
        functions.make(RUNTIME, handler, classes, Timeout=60, MemorySize=more.pop("MemorySize", 512), **more)
        return functions.invoke(event)
    return run


def test_a_request_handler_is_given_its_type(java):
    order = {"name": "nuts", "count": 9, "items": [{"id": 1 << 40}, {"id": 2}], "prices": {"eur": 1.5}, "kind": "GREAT", "other": 1}
    answer, error, log = java("example.Handlers$Typed", order)
    assert error is None, log
    assert answer == {"name": "nuts", "count": 11, "items": [{"id": 1 << 40}, {"id": 2}], "prices": {"eur": 1.5}, "kind": "GREAT",
                      "large": True}
    assert "ordered nuts\n" in log and "REPORT RequestId" in log


@pytest.mark.parametrize("handler,event,expected", [
    ("example.Handlers$Inherited::handleRequest", 7, "Integer 7"),
    ("example.Handlers$Streams", "quiet", "QUIET"),
    ("example.Handlers$Plain::text", "ä\U0001f600\n\"", "<ä\U0001f600\n\">"),
    ("example.Handlers$Plain::twice", 21, 42),
    ("example.Handlers$Plain::nothing", {"a": 1}, None),
])
def test_forms_of_handlers(java, handler, event, expected):
    answer, error, log = java(handler, event)
    assert (answer, error) == (expected, None), log


def test_context_and_machine(java):
    answer, error, log = java("example.Handlers$Plain::context", {"a": [1, 2.5, None, True]}, MemorySize=1024)
    assert error is None, log
    assert answer["name"] == "f" and answer["memory"] == 1024 and answer["event"] == {"a": [1, 2.5, None, True]}
    assert answer["arn"].endswith(":function:f") and len(answer["id"]) == 36 and 0 < answer["left"] <= 60000
    assert 700 < answer["heap"] <= 871 and answer["execution"] == "AWS_Lambda_java17"


def test_an_exception_is_the_functions_error(java):
    answer, error, log = java("example.Handlers$Plain::fails", "luck")
    assert error == "Unhandled"
    assert answer["errorMessage"] == "no luck" and answer["errorType"] == "java.lang.IllegalStateException"
    assert answer["stackTrace"][0].startswith("example.Handlers$Plain.fails(Handlers.java:")
    assert answer["cause"]["errorMessage"] == "below" and "java.lang.IllegalStateException: no luck" in log


def test_an_event_of_another_type_is_the_functions_error(java, functions):  # noqa: F811
    answer, error, _ = java("example.Handlers$Plain::text", {"an": "object"})
    assert error == "Unhandled" and "JSON parsing" in answer["errorMessage"]
    assert functions.invoke("next")[0] == "<next>"


def test_an_exit_is_a_crash(java, functions):  # noqa: F811
    answer, error, log = java("example.Handlers$Plain::exits", "x")
    assert error == "Unhandled" and answer["errorType"] == "Runtime.ExitError", log


@pytest.mark.parametrize("handler,message", [
    ("example.Missing::text", "Class not found: example.Missing"),
    ("example.Handlers$Plain::missing", "No public method named missing"),
    ("example.Handlers$Hidden::text", "no public zero-argument constructor"),
])
def test_what_is_not_there_is_said_in_the_first_answer(java, handler, message):
    answer, error, log = java(handler, "x")
    assert error == "Unhandled" and message in answer["errorMessage"], log


def test_aws_by_its_own_name(java, sandboxed):
    answer, error, log = java("example.Handlers$Plain::reads", "https://some-bucket.s3.amazonaws.com/key")
    assert error is None and answer == "404 AmazonS3", (answer, log)


def test_without_a_jdk_the_runtime_is_refused_by_name(sortie):
    from support import Server
    if list(pathlib.Path("/usr/lib/jvm").glob("*/bin/javac")):
        pytest.skip("this machine has JDKs where they are always looked for")
    server = Server(sortie)
    with pytest.raises(Exception, match="on this machine"):
        Functions(server).make(RUNTIME, "a::b", {"a": ""})
    server.stop()
