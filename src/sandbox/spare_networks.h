#pragma once

#include <memory>

#include "base/error.h"
#include "base/unique_fd.h"

namespace sortie::sandbox {

/// Making a network namespace takes the kernel about as long as everything else in a cold start. A helper process makes
/// them while this one does something else, so that one or two are at hand. They are new and nobody has been in them:
/// only the moment of their making differs.
class SpareNetworks {
 public:
  /// They will belong to `user_namespace`. Asks for the first ones at once.
  static Result<std::unique_ptr<SpareNetworks>> start(int user_namespace);
  ~SpareNetworks();
  SpareNetworks(const SpareNetworks&) = delete;
  SpareNetworks& operator=(const SpareNetworks&) = delete;

  /// One that is ready, and asks for the next; none when the helper has not come around to it. Does not block.
  UniqueFd take();

 private:
  SpareNetworks(UniqueFd socket, UniqueFd pidfd) : socket_(std::move(socket)), pidfd_(std::move(pidfd)) {}
  void ask();

  UniqueFd socket_;
  UniqueFd pidfd_;
};

}  // namespace sortie::sandbox
