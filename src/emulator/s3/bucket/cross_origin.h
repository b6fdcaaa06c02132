#pragma once

#include <string>

#include "emulator/s3/protocol/answers.h"
#include "emulator/s3/store/catalog.h"

/// What a bucket's CORS rules say to browsers.
namespace sortie::emulator::s3 {

/// Answers the request by which a browser asks whether it may send another one (`OPTIONS`); nobody signs it.
Answer preflight(Catalog& catalog, const Request& request);

/// The headers that an answer from the bucket called `name` has for the browser that sent `request`; empty when no rule
/// is for it.
http::Headers cross_origin_headers(Catalog& catalog, const std::string& name, const http::Request& request);

}  // namespace sortie::emulator::s3
