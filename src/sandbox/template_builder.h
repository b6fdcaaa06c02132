#pragma once

#include <vector>

#include "sandbox/mount.h"

namespace sortie::sandbox {

/// Carries the steps out in new user, mount and pid namespaces and keeps the first two. Errors name the step that the
/// kernel refused; ErrorKind::denied where user namespaces are not allowed.
Result<Template> build_template(const std::vector<TemplateStep>& steps);

}  // namespace sortie::sandbox
