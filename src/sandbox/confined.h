#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sandbox/landlock.h"
#include "sandbox/notifier.h"
#include "sandbox/sandbox.h"

/// The parts of the seccomp sandbox: what takes the place of namespaces where they are not allowed.
namespace sortie::sandbox {

/// The folder of one sandbox: `tmp` is what /tmp is elsewhere, what is beside it is only read.
struct ConfinedFolder {
  std::string top;
  [[nodiscard]] std::string temporary() const { return top + "/tmp"; }
  [[nodiscard]] std::string bundle() const { return top + "/ca-bundle.pem"; }
};

/// Makes and fills the folder; it is there in full or not at all.
Result<ConfinedFolder> make_confined_folder(const Spec& spec);

/// The files that programs of every sandbox may use: the system's programs and libraries, and what of /etc is about
/// them.
const FileRules& system_files();
/// Those of one sandbox: the mounts of `spec`, and the folder.
FileRules own_files(const Spec& spec, const ConfinedFolder& folder);

/// The addresses of `spec.listen` lead to `served`, which listens there; every name server is the one of `spec.listen`;
/// the loopback ports are those of the sandbox's own programs, descendants of `supervisor`; nothing else is reached.
ConnectPolicy confined_policy(const Spec& spec, std::vector<ListenAddress> served, const ConfinedFolder& folder,
                              int supervisor);

/// The variables by which TLS clients find the trust store.
std::vector<std::pair<std::string, std::string>> trust_variables(const std::string& bundle);

}  // namespace sortie::sandbox
