#pragma once

#include <string>

namespace sortie::http {

struct TrustStore {
  std::string file;           ///< PEM, all certificates; empty when there is none
  std::string hashed_folder;  ///< the same certificates, each in a file found by its subject's hash; may be empty
};

/// What `find_trust_store` finds for this process. Reading a whole store takes some 80 ms; a distribution's hashed
/// folder is read one certificate at a time, as needed.
TrustStore default_trust_store();

}  // namespace sortie::http
