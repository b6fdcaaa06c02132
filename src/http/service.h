#pragma once

#include "base/error.h"
#include "base/task.h"
#include "http/message.h"

namespace sortie::http {

/// The spine: something that answers HTTP requests. The network client and the embedded AWS implement
/// it, the server publishes one on a socket, tests script it.
///
/// Called on the io_context thread; many calls may be in flight. An answer with an error status is a
/// Response, not an Error: an Error means that there is no answer. Cancelling the returned Task (the
/// usual Asio cancellation) abandons the request. The service must outlive its Tasks and the bodies of
/// its responses.
class Service {
 public:
  virtual ~Service() = default;
  virtual Task<Result<Response>> handle(Request request) = 0;
};

}  // namespace sortie::http
