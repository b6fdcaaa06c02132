// The composition root. Everything is built in cli::main: the io_context, the signals, the command; the target (the
// embedded AWS or the network) in cli/session.cc.

#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include "cli/command.h"

namespace {

constexpr int k_infrastructure = 3;

int machine_failed(const char* what, const char* hint) {
  std::fprintf(stderr, "error: this machine refuses: %s\nhint: %s\n", what, hint);
  return k_infrastructure;
}

int bug(const char* what) {
  std::fprintf(stderr, "error: internal: %s\nhint: this is a bug in sortie; please report it\n", what);
  return k_infrastructure;
}

/// What a machine at its limits answers is no bug: threads, descriptors, memory, disk.
template <class SystemError>
int system_failed(const SystemError& error) {
  const std::string_view category = error.code().category().name();
  switch (category == "system" || category == "generic" ? error.code().value() : 0) {
    case EAGAIN: return machine_failed(error.what(), "no further process or thread can be made; see ulimit -u");
    case EMFILE:
    case ENFILE: return machine_failed(error.what(), "no further file can be opened; see ulimit -n");
    case ENOMEM: return machine_failed(error.what(), "there is no memory left");
    case ENOSPC:
    case EDQUOT: return machine_failed(error.what(), "there is no space left on the disk");
    default: return bug(error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return sortie::cli::main(argc, argv);
  } catch (const boost::system::system_error& error) {
    return system_failed(error);
  } catch (const std::system_error& error) {
    return system_failed(error);
  } catch (const std::bad_alloc& error) {
    return machine_failed(error.what(), "there is no memory left");
  } catch (const std::exception& error) {
    return bug(error.what());
  }
}
