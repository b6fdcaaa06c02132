#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emulator/core/call.h"
#include "wire/sigv4.h"

/// S3's browser uploads ("POST Object"): a form whose fields carry the signature of a policy.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
namespace sortie::emulator {

/// True for an unsigned POST to S3 that carries a form.
bool is_form_upload(const Call& call);

/// Takes the fields off the front of the body into `call.form`; the body is the file afterwards.
Task<AwsResult<void>> read_form(Call& call);

/// The signature in the fields; nothing for a form without a policy, which is anonymous. A form whose fields do not
/// make a whole signature is refused.
AwsResult<std::optional<wire::ParsedSignature>> form_signature(const FormUpload& form);

/// Whether the policy was signed with `secret`.
bool form_matches(const wire::ParsedSignature& parsed, const FormUpload& form, std::string_view secret);

}  // namespace sortie::emulator
