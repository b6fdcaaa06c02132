#include "wire/form_data.h"

#include <algorithm>

#include "base/ascii.h"

namespace sortie::wire {
namespace {

constexpr std::string_view k_end_of_line = "\r\n";
constexpr std::size_t k_max_boundary = 70;

/// The value of `name=value` or `name="value"` in a header's parameters.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  const std::string folded = ascii_lower(header);
  for (std::size_t at = folded.find(';'); at != std::string::npos; at = folded.find(';', at + 1)) {
    std::size_t start = at + 1;
    while (start < folded.size() && folded[start] == ' ') ++start;
    if (!std::string_view(folded).substr(start).starts_with(std::string(name) + "=")) continue;
    std::string_view value = header.substr(start + name.size() + 1);
    if (!value.starts_with('"')) return std::string(value.substr(0, value.find_first_of("; ")));
    std::string unquoted;
    for (value.remove_prefix(1); !value.empty() && value.front() != '"'; value.remove_prefix(1)) {
      if (value.front() == '\\' && value.size() > 1 && value[1] == '"') value.remove_prefix(1);
      unquoted += value.front();
    }
    return unquoted;
  }
  return std::nullopt;
}

/// Takes the part's header lines off the front of `rest`; nothing when they are not all there.
std::optional<std::string> take_disposition(std::string_view& rest) {
  std::string disposition;
  for (;;) {
    const auto end = rest.find(k_end_of_line);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + k_end_of_line.size());
    if (line.empty()) return disposition;
    if (ascii_lower(line.substr(0, 20)) == "content-disposition:") disposition = line.substr(20);
  }
}

}  // namespace

std::optional<std::string> form_boundary(std::string_view content_type) {
  if (ascii_lower(content_type.substr(0, content_type.find(';'))) != "multipart/form-data") return std::nullopt;
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > k_max_boundary) return std::nullopt;
  return boundary;
}

std::string form_delimiter(std::string_view boundary) {
  return "\r\n--" + std::string(boundary);
}

Result<std::optional<FormHead>> read_form_head(std::string_view text, std::string_view boundary) {
  const std::string delimiter = form_delimiter(boundary);
  std::string_view rest = text;
  const std::string_view first = std::string_view(delimiter).substr(k_end_of_line.size());
  if (rest.size() < first.size()) return std::nullopt;
  if (!rest.starts_with(first)) return fail(ErrorKind::protocol, "the form does not begin with its boundary");
  rest.remove_prefix(first.size());
  FormHead head;
  for (;;) {
    if (rest.size() < 2) return std::nullopt;
    if (rest.starts_with("--")) return head;
    if (!rest.starts_with(k_end_of_line)) return fail(ErrorKind::protocol, "a boundary is not followed by a new line");
    rest.remove_prefix(k_end_of_line.size());
    const auto disposition = take_disposition(rest);
    if (!disposition) return std::nullopt;
    auto name = parameter(*disposition, "name");
    if (!name) return fail(ErrorKind::protocol, "a part of the form has no name");
    if (*name == "file") {
      head.has_file = true;
      head.file_name = parameter(*disposition, "filename").value_or("");
      head.file_name.erase(0, head.file_name.find_last_of("/\\") + 1);
      head.file_at = text.size() - rest.size();
      return head;
    }
    const auto end = rest.find(delimiter);
    if (end == std::string_view::npos) return std::nullopt;
    head.fields.emplace_back(*std::move(name), rest.substr(0, end));
    rest.remove_prefix(end + delimiter.size());
  }
}

}  // namespace sortie::wire
