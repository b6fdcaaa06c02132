#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/client.h"
#include "aws/credentials.h"

/// What the credential sources share. Private to aws/credentials*.
namespace sortie::aws {

/// Empty when it is not set.
std::string value_of(const Environment& environment, const std::string& name);

/// A whole file of at most 1 MiB, white space at its ends removed. ErrorKind::config when it cannot be read.
Result<std::string> read_small_file(const std::string& path);

/// Credentials as JSON: `AccessKeyId`, `SecretAccessKey`, `Token` or `SessionToken`, `Expiration`; members in either
/// case.
Result<Credentials> read_credentials_json(std::string_view text, std::string source);

/// STS with `credentials`, in the options' region (us-east-1 when none says).
ClientConfig sts_config(const ChainOptions& options, CredentialsProvider& credentials);

/// `sortie-` and the time: a session name nobody gave.
std::string default_session_name(const Clock& clock);

/// Runs `command` with `/bin/sh -c` and gives its standard output (at most 1 MiB, one minute, standard error passed
/// through). ErrorKind::internal when it fails.
Task<Result<std::string>> run_credential_process(std::string command);

}  // namespace sortie::aws
