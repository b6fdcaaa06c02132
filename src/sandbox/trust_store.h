#pragma once

#include <span>
#include <string>

namespace sortie::sandbox {

/// Where distributions and libraries look for the trust store.
std::span<const char* const> trust_store_paths();

/// The host's certificates followed by `extra_pem`.
std::string trust_bundle(const std::string& extra_pem);

/// A host file that programs read; nothing when the host has none, or one of more than 16 MB.
std::string read_host_file(const std::string& path);

}  // namespace sortie::sandbox
