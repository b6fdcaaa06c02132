#pragma once

#include <string>
#include <string_view>

#include "aws/client.h"
#include "wire/query_protocol.h"

namespace sortie::aws {

/// A call of the query protocol (IAM, STS, CloudFormation): the form is the body.
inline Operation query_operation(std::string_view action, wire::QueryForm form) {
  Operation out;
  out.name = action;
  out.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  out.body = std::move(form).finish();
  return out;
}

}  // namespace sortie::aws
