/* The runtime client of Node.js functions: loads the handler, asks the Runtime API for events, answers.
 *
 * Runs as /var/runtime/index.mjs in any Node.js from 16 on, with nothing but what that brings along. What a function
 * sees of it (context, callback, log lines, error documents, response streams) is what AWS's own client shows.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";
import { importFromNodePath, isEsModule } from "./node_path.mjs";

const API = `/2018-06-01/runtime`;
const environment = process.env;
const [apiHost, apiPort] = environment.AWS_LAMBDA_RUNTIME_API.split(":");
const jsonLogs = (environment.AWS_LAMBDA_LOG_FORMAT || "").toUpperCase() === "JSON";
const runtimeVersion = Number(/_nodejs(\d+)\.x$/.exec(environment.AWS_EXECUTION_ENV || "")?.[1] ?? 0);
const KIND = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");

// Read when the process began. AWS's runtimes from nodejs20.x on do not have it.
if (runtimeVersion >= 20 && environment.NODE_EXTRA_CA_CERTS === `${environment.LAMBDA_RUNTIME_DIR}/ca-cert.pem`) {
  delete environment.NODE_EXTRA_CA_CERTS;
}

const LONGEST_MESSAGE = 256 * 1024; // longer ones are split anyway

let requestId; // of the running invocation; before the first one there is none

// ---- Log

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const leastLevel = jsonLogs ? (LEVELS[(environment.AWS_LAMBDA_LOG_LEVEL || "").toUpperCase()] ?? 0) : 0;

/** Synchronous: an environment may be frozen, or end, at any time. */
function writeAll(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") return;
    }
  }
}

/** A message of several lines is one event: the engine is told how long it is. */
function writeMessage(text) {
  const several = text.indexOf("\n") < text.length - 1;
  const size = several ? Buffer.byteLength(text) : 0;
  writeAll(several && size <= LONGEST_MESSAGE ? `\x1e${size}\x1f${text}` : text);
}

function inJson(value) {
  if (!(value instanceof Error)) return value;
  const stackTrace = typeof value.stack === "string" ? value.stack.split("\n") : value.stack;
  return { errorType: value.constructor?.name ?? "UnknownError", errorMessage: value.message, stackTrace, ...value };
}

function jsonLine(time, level, message, rest) {
  const line = { timestamp: time, level, requestId };
  if (rest.length === 0) {
    line.message = message;
    try {
      return JSON.stringify(line, (_, value) => inJson(value));
    } catch {
      line.message = util.format(message);
      return JSON.stringify(line);
    }
  }
  line.message = util.format(message, ...rest);
  const error = rest.find((each) => each instanceof Error);
  return JSON.stringify(error ? { ...line, errorType: inJson(error).errorType, errorMessage: error.message,
    stackTrace: inJson(error).stackTrace ?? [] } : line);
}

function log(level, message, ...rest) {
  if (LEVELS[level] < leastLevel) return;
  const time = new Date().toISOString();
  const line = jsonLogs
    ? jsonLine(time, level, message, rest)
    : `${time}\t${requestId}\t${level}\t${util.format(message, ...rest)}`;
  writeMessage(line + "\n");
}

function patchConsole() {
  for (const [name, level] of [["log", "INFO"], ["trace", "TRACE"], ["debug", "DEBUG"], ["info", "INFO"],
    ["warn", "WARN"], ["error", "ERROR"], ["fatal", "FATAL"]]) {
    console[name] = (message, ...rest) => log(level, message, ...rest);
  }
}

function logError(title, error) {
  if (jsonLogs) return log("ERROR", title, error);
  let text;
  try {
    text = JSON.stringify(error, (_, value) => {
      if (!(value instanceof Error)) return value;
      const shown = { errorType: value.name, errorMessage: value.message, code: value.code, ...value };
      if (typeof value.stack === "string") shown.stack = value.stack.split("\n");
      return shown;
    });
  } catch {
    text = JSON.stringify(documentOf(error));
  }
  log("ERROR", `${title} \t${text}`);
}

// ---- Errors

class RuntimeFault extends Error {
  constructor(name, message, stack) {
    super(message);
    Object.defineProperty(this, "name", { value: `Runtime.${name}` }); // hidden in logs, where errorType has it
    if (stack !== undefined) this.stack = stack;
  }
}

function asError(value) {
  return value instanceof Error ? value : new Error(String(value));
}

function documentOf(error) {
  try {
    if (!util.types.isNativeError(error) && !(error instanceof Error)) {
      return { errorType: typeof error, errorMessage: String(error), trace: [] };
    }
    const clean = (text) => String(text ?? "").replaceAll("\x7F", "%7F");
    return { errorType: clean(error.name), errorMessage: clean(error.message),
      trace: error.stack ? clean(error.stack).split("\n") : [] };
  } catch {
    return { errorType: "handled", trace: [], errorMessage: "callback called with Error argument, but there was a " +
      "problem while retrieving one or more of its message, name, and stack" };
  }
}

// ---- Runtime API

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, resource, body, headers = {}, through = agent) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : Buffer.from(body);
    const all = payload === undefined ? headers
      : { "Content-Type": "application/json", "Content-Length": payload.length, ...headers };
    const request = http.request({ host: apiHost, port: apiPort, method, path: API + resource, headers: all,
      agent: through },
      (response) => {
        const pieces = [];
        response.on("data", (piece) => pieces.push(piece));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers,
          body: Buffer.concat(pieces).toString() }));
        response.on("error", reject);
      });
    request.on("error", reject);
    request.end(payload);
  });
}

function postError(resource, error, through = agent) {
  const document = documentOf(error);
  return call("POST", resource, JSON.stringify(document),
    { "Lambda-Runtime-Function-Error-Type": document.errorType.replace(/[^\x20-\x7e]/g, "?") }, through);
}

async function next() {
  const answer = await call("GET", "/invocation/next");
  if (answer.status !== 200) throw new Error(`the Runtime API answered ${answer.status}: ${answer.body}`);
  return answer;
}

/** Posts the answer; what cannot be written as JSON is an error of the function's. */
async function postResult(id, result) {
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new RuntimeFault("JSONStringifyError", "Unable to stringify response body");
  }
  await call("POST", `/invocation/${id}/response`, text === undefined ? "null" : text);
}

// ---- Response streams

/** The writable stream that a streaming handler is given; its bytes are on their way as they are written. */
function openResponseStream(id, highWaterMark) {
  let begun = false;
  let settle;
  const done = new Promise((resolve, reject) => { settle = { resolve, reject }; });
  done.catch(() => {}); // whether anybody waits or not
  const stream = http.request({
    host: apiHost, port: apiPort, method: "POST", path: `${API}/invocation/${id}/response`,
    agent: new http.Agent({ maxSockets: 1 }), highWaterMark,
    headers: { "Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked",
      "Content-Type": "application/octet-stream",
      "Trailer": ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"] },
  }, (response) => {
    response.resume();
    response.on("end", () => settle.resolve());
    response.on("error", settle.reject);
  });
  stream.on("error", settle.reject);
  const write = stream.write.bind(stream);
  stream.setContentType = (type) => {
    if (begun) throw new RuntimeFault("InvalidStreamingOperation", "Cannot set content-type, too late.");
    stream.setHeader("Content-Type", type);
  };
  stream.write = (chunk, ...rest) => {
    const isBytes = typeof chunk === "string" || chunk instanceof Uint8Array;
    if (!begun) {
      begun = true;
      stream._onBeforeFirstWrite?.((bytes) => write(bytes));
    }
    return write(isBytes ? chunk : JSON.stringify(chunk), ...rest);
  };
  const fail = (error) => {
    const document = documentOf(error);
    stream.addTrailers({ "Lambda-Runtime-Function-Error-Type": document.errorType.replace(/[^\x20-\x7e]/g, "?"),
      "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(document)).toString("base64") });
    stream.end();
  };
  return { stream, done, fail };
}

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[KIND] = "response";
    const mark = options?.highWaterMark !== undefined ? parseInt(options.highWaterMark) : undefined;
    if (mark !== undefined) handler[HIGH_WATER_MARK] = mark;
    return handler;
  },
  HttpResponseStream: {
    /** What is written is the body of an HTTP response whose status, headers and cookies `metadata` has. */
    from(stream, metadata) {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      stream._onBeforeFirstWrite = (write) => {
        write(JSON.stringify(metadata));
        write(Buffer.alloc(8));
      };
      return stream;
    },
  },
};

// ---- Handler

/** `folder/module.function.nested` in its parts. */
function parseHandler(text) {
  const parts = /^(.*?)([^/]+)$/.exec(text);
  const names = /^([^.]*)\.(.+)$/.exec(parts?.[2] ?? "");
  if (!names || text.includes("..")) {
    throw text.includes("..")
      ? new RuntimeFault("MalformedHandlerName", `'${text}' is not a valid handler name. Use absolute paths when ` +
        "specifying root directories in handler names.")
      : new RuntimeFault("MalformedHandlerName", "Bad handler");
  }
  return { folder: parts[1], module: names[1], name: names[2] };
}

async function importModule(root, folder, module) {
  const file = path.resolve(root, folder, module);
  const require = createRequire(import.meta.url);
  const asModule = (found) => import(pathToFileURL(found).href);
  for (const extension of ["", ".js"]) {
    const found = file + extension;
    if (!fs.existsSync(found) || !fs.statSync(found).isFile()) continue;
    return isEsModule(found) ? asModule(found) : require(found);
  }
  if (fs.existsSync(file + ".mjs")) return asModule(file + ".mjs");
  if (fs.existsSync(file + ".cjs")) return require(file + ".cjs");
  return require(require.resolve(module, { paths: [path.resolve(root, folder), ...(environment.NODE_PATH || "")
    .split(":").filter(Boolean)] }));
}

/** AWS's runtimes have the SDK; where this machine has not, the log says how it gets here. */
function advise(error) {
  if (/Cannot find (?:module|package) '@(?:aws-sdk|smithy)\//.test(String(error?.message))) {
    writeAll("sortie: the AWS SDK that AWS's Node.js has is not on this machine. Once: npm install --prefix " +
      '"${XDG_DATA_HOME:-$HOME/.local/share}/sortie/sdk/nodejs" @aws-sdk/client-s3 (and what else is needed)\n');
  }
}

async function loadHandler(root, text) {
  const { folder, module, name } = parseHandler(text);
  if (runtimeVersion >= 18) importFromNodePath(path.resolve(root, folder, module));
  let loaded;
  try {
    loaded = await importModule(root, folder, module);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeFault("UserCodeSyntaxError", String(error), error.stack);
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code)) {
      throw new RuntimeFault("ImportModuleError", String(error));
    }
    throw error;
  }
  const find = (from) => name.split(".").reduce((value, key) => (value && typeof value === "object" ||
    typeof value === "function" ? value[key] : undefined), from);
  const handler = find(loaded) ?? find(loaded?.default);
  if (!handler) throw new RuntimeFault("HandlerNotFound", `${text} is undefined or not exported`);
  if (typeof handler !== "function") throw new RuntimeFault("HandlerNotFound", `${text} is not a function`);
  if (runtimeVersion >= 24 && handler[KIND] === undefined && handler.length >= 3) {
    throw new RuntimeFault("CallbackHandlerDeprecated", "ERROR: AWS Lambda has removed support for callback-based " +
      "function handlers starting with Node.js 24. You need to modify this function to use a supported handler " +
      "signature to use Node.js 24 or later. For more information see " +
      "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.");
  }
  return handler;
}

// ---- Invocation

function parseHeader(headers, name, title) {
  if (!headers[name]) return undefined;
  try {
    return JSON.parse(headers[name]);
  } catch (error) {
    throw new RuntimeFault("LambdaContextUnmarshalError", `Cannot parse ${title} as JSON: ${error.message}`);
  }
}

function makeContext(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parseHeader(headers, "lambda-runtime-client-context", "client context"),
    identity: parseHeader(headers, "lambda-runtime-cognito-identity", "identity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** Runs a handler that answers once: by a promise, by the callback, or by the old context functions. Resolves to its
 * result when that is to be sent: an answer by callback waits until the event loop is empty, unless told otherwise. */
function runBuffered(handler, event, context) {
  return new Promise((resolve, reject) => {
    let called = false;
    const settle = (error, result, wait) => {
      if (called) return;
      called = true;
      const end = () => (error !== undefined && error !== null ? reject(error) : resolve(result));
      if (wait && context.callbackWaitsForEmptyEventLoop) onEmptyLoop = end; else setImmediate(end);
    };
    const callback = (error, result) => settle(error, result, true);
    if (runtimeVersion < 24) {
      context.succeed = (result) => settle(null, result, true);
      context.fail = (error) => settle(error ?? "handled", undefined, true);
      context.done = callback;
    }
    // When nothing is left to happen and nobody has answered, the answer is null.
    onEmptyLoop = () => settle(null, null, false);
    let returned;
    try {
      returned = runtimeVersion >= 24 ? handler(event, context) : handler(event, context, callback);
    } catch (error) {
      settle(error ?? new Error(String(error)), undefined, false);
      return;
    }
    if (typeof returned?.then === "function") {
      returned.then((result) => settle(null, result, false), (error) => settle(asThrown(error), undefined, false));
    } else if (runtimeVersion >= 24) {
      settle(null, returned, false);
    }
  });
}

/** A rejection with null or undefined is an error all the same. */
function asThrown(error) {
  return error === undefined || error === null ? String(error) : error;
}

async function runStreaming(handler, event, context) {
  const { stream, done, fail } = openResponseStream(context.awsRequestId, handler[HIGH_WATER_MARK]);
  try {
    const returned = handler(event, stream, context);
    if (typeof returned?.then !== "function") throw new Error("Streaming does not support non-async handlers.");
    if ((await returned) !== undefined) console.warn("Streaming handlers ignore return values.");
    await done;
    if (!stream.writableFinished) throw new Error("Response stream is not finished.");
  } catch (error) {
    logError("Invoke Error", error);
    if (!stream.writableEnded) fail(error);
    await done.catch(() => {});
  }
}

/** What is to happen when the event loop is empty, once. */
let onEmptyLoop;

function watchEventLoop() {
  process.on("beforeExit", () => {
    const action = onEmptyLoop;
    onEmptyLoop = undefined;
    action?.();
  });
}

function endOn(title, error) {
  logError(title, error);
  advise(error);
  const resource = requestId === undefined ? "/init/error" : `/invocation/${requestId}/error`;
  const status = title === "Uncaught Exception" ? 129 : 128;
  // A connection of its own: the other one may be waiting for something else.
  postError(resource, error, new http.Agent()).catch(() => {}).finally(() => process.exit(status));
}

function watchErrors() {
  process.on("uncaughtException", (error) => endOn("Uncaught Exception", error));
  process.on("unhandledRejection", (reason, promise) => {
    const error = new RuntimeFault("UnhandledPromiseRejection", String(reason));
    error.reason = reason;
    error.promise = promise;
    endOn("Unhandled Promise Rejection", error);
  });
}

async function handle(handler, { headers, body }) {
  requestId = headers["lambda-runtime-aws-request-id"];
  if (headers["lambda-runtime-trace-id"]) environment._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  else delete environment._X_AMZN_TRACE_ID;
  onEmptyLoop = undefined;
  try {
    const context = makeContext(headers);
    const event = JSON.parse(body);
    if (handler[KIND] !== undefined) return await runStreaming(handler, event, context);
    await postResult(requestId, await runBuffered(handler, event, context));
  } catch (error) {
    logError("Invoke Error", error);
    advise(error);
    await postError(`/invocation/${requestId}/error`, error);
  }
}

async function main() {
  patchConsole();
  watchErrors();
  watchEventLoop();
  let handler;
  try {
    handler = await loadHandler(environment.LAMBDA_TASK_ROOT, environment._HANDLER);
  } catch (error) {
    logError("Uncaught Exception", error);
    advise(error);
    await postError("/init/error", error);
    process.exit(1);
  }
  for (;;) await handle(handler, await next());
}

main().catch((error) => {
  writeAll(`${error?.stack ?? error}\n`);
  process.exit(1);
});
