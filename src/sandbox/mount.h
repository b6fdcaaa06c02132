#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sandbox/sandbox.h"
#include "sandbox/spare_networks.h"

namespace sortie::sandbox {

/// Only for plain users, who may copy mounts only out of a mount namespace of their own: a copy of the host's mount
/// namespace, kept because dropping one takes the kernel a millisecond, and dropped when the host's mounts change.
class HostMounts {
 public:
  /// -1: there is none, or the host's mounts have changed since.
  int current();
  void keep(UniqueFd mount_namespace);

 private:
  UniqueFd copy_;
  UniqueFd mountinfo_;
};

/// The part of the file system that sandboxes have in common: a mount namespace whose root is a small read-only tmpfs
/// with the host's programs and libraries bound into it, and the user namespace that owns both. Made once for the same
/// content; each sandbox copies the namespace and adds what is its own: /proc, /tmp, /dev/shm and the mounts of its
/// Spec. It lives as long as these two descriptors: nothing to clean up, whatever happens to this process.
struct Template {
  UniqueFd user_namespace;
  UniqueFd mount_namespace;
  /// Network namespaces of the same owner, made in advance. Null where that does not work: they are made when needed.
  std::unique_ptr<SpareNetworks> networks;
  std::unique_ptr<HostMounts> host_mounts = std::make_unique<HostMounts>();
};

/// The template for the files and mount points that `spec` asks for. The last few are kept.
Result<std::shared_ptr<const Template>> template_for(const Spec& spec);

/// One step of building a template, in order.
struct TemplateStep {
  enum class Kind : std::uint8_t {
    folder,
    file,     ///< `content`
    symlink,  ///< `content` is where it points
    bind,     ///< the host's `content`, read-only, with everything mounted below it
    cover,    ///< the host's file `content` in place of what is at `path`; a symbolic link there is not followed
    device,   ///< the host's device node of the same path
    proc,
  } kind;
  std::string path;
  std::string content;
};

/// The policy as a list; what the host lacks is left out.
std::vector<TemplateStep> template_steps(const Spec& spec);

}  // namespace sortie::sandbox
