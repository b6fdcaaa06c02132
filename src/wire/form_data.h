#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

/// `multipart/form-data` (RFC 7578) as browsers and S3's SDKs post it: fields, then one file.
namespace sortie::wire {

/// The boundary in a Content-Type; nothing when the type is another one or has none.
std::optional<std::string> form_boundary(std::string_view content_type);

/// What stands before the file's bytes.
struct FormHead {
  std::vector<std::pair<std::string, std::string>> fields;  ///< names as sent
  bool has_file = false;
  std::string file_name;    ///< of the file, without folders
  std::size_t file_at = 0;  ///< where the file's bytes begin in the text read
};

/// Reads a form from its beginning up to the bytes of the part called `file`, or to its end when there is none. Nothing
/// when the text ends too early. ErrorKind::protocol for what is no form.
Result<std::optional<FormHead>> read_form_head(std::string_view text, std::string_view boundary);

/// What ends the file's bytes.
std::string form_delimiter(std::string_view boundary);

}  // namespace sortie::wire
