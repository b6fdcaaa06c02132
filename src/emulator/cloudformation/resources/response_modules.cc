#include "emulator/cloudformation/resources/response_modules.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::string_view k_python =
    R"python("""Answers of custom resources: send(event, context, SUCCESS, {"Name": "value"}, "physical-id")."""

import json
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    answer = {
        "Status": responseStatus,
        "Reason": reason or "See the details in CloudWatch Log Stream: " + context.log_stream_name,
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    }
    body = json.dumps(answer)
    print("Response body:")
    print(body)
    request = urllib.request.Request(event["ResponseURL"], body.encode(), {"Content-Type": ""}, method="PUT")
    try:
        with urllib.request.urlopen(request) as response:
            print("Status code:", response.status)
    except Exception as error:
        print("send(..) failed executing the request:", error)
)python";

constexpr std::string_view k_node =
    R"js(// Answers of custom resources: send(event, context, SUCCESS, {Name: "value"}, "physical-id").
"use strict";
const https = require("https");

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({
      Status: responseStatus,
      Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
      PhysicalResourceId: physicalResourceId || context.logStreamName,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      NoEcho: noEcho || false,
      Data: responseData,
    });
    console.log("Response body:\n", body);
    const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
    const request = https.request(event.ResponseURL, { method: "PUT", headers }, (response) => {
      console.log("Status code:", response.statusCode);
      response.resume();
      response.on("end", () => {
        context.done();
        resolve();
      });
    });
    request.on("error", (error) => {
      console.log("send(..) failed executing the request:", error);
      context.done(error);
      reject(error);
    });
    request.end(body);
  });
};
)js";

}  // namespace

ResponseModule response_module(bool python) {
  return python ? ResponseModule{"cfnresponse.py", k_python} : ResponseModule{"cfn-response.js", k_node};
}

}  // namespace sortie::emulator::cloudformation
