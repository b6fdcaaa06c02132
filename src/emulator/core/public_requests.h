#pragma once

#include "http/message.h"

namespace sortie::emulator {

/// Which requests need not prove who sends them (implemented by emulator/lambda for the URLs of functions).
/// io_context thread only.
class PublicRequests {
 public:
  virtual ~PublicRequests() = default;
  /// True: the request is handed over as Principal::Kind::anonymous, whatever signature it carries; the service
  /// decides.
  [[nodiscard]] virtual bool is_public(const http::Request& request) = 0;
};

}  // namespace sortie::emulator
