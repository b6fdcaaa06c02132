#pragma once

#include <string>

/// Makes the bucket, with the credentials in the environment; one that is ours already is as good. Empty, or why not.
std::string make_bucket(const std::string& name, const std::string& region);
