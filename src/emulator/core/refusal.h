#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "wire/sigv4.h"

/// How AWS words it when it does not believe a request. Three families: services that speak JSON (Lambda, Logs), those
/// that speak the query protocol (IAM, STS, CloudFormation), and S3.
namespace sortie::emulator {

/// A signature that cannot be read, is not in time, or does not match. `parsed` may be null.
AwsError refuse_signature(std::string_view service, const wire::SignatureError& error,
                          const wire::ParsedSignature* parsed, SystemTime now);
/// Whether S3 takes signatures of version 2 in the region: those that opened before 2014 do, of AWS's later ones none.
bool takes_signature_v2(std::string_view region);
AwsError refuse_signature_v2();
/// An access key id that is not known, or that is not active.
AwsError refuse_key(std::string_view service, std::string_view access_key_id);
/// A session token that is missing, not that of the key, or sent along with a long-term key.
AwsError refuse_token(std::string_view service, const wire::ParsedSignature& parsed);
AwsError refuse_expired_token(std::string_view service, const wire::ParsedSignature& parsed);
/// The credential scope names another service or region than the host name does.
AwsError refuse_scope_service(std::string_view service, const wire::ParsedSignature& parsed);
AwsError refuse_scope_region(std::string_view service, const wire::ParsedSignature& parsed, std::string_view expected);

}  // namespace sortie::emulator
