#pragma once

#include <linux/filter.h>
#include <seccomp.h>

#include <memory>
#include <vector>

#include "base/error.h"

namespace sortie::sandbox {

/// A filter of libseccomp that is being made.
using FilterContext = std::unique_ptr<void, decltype([](void* context) { seccomp_release(context); })>;

/// The BPF program of a filter.
Result<std::vector<sock_filter>> export_program(scmp_filter_ctx context);

}  // namespace sortie::sandbox
