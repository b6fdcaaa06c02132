#include "wire/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

namespace sortie::wire {

namespace {

constexpr std::string_view k_replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Length of the well-formed UTF-8 sequence at the front that XML 1.0 can carry; 0 when there is none.
std::size_t valid_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned first = at(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF && follows(1) && follows(2)) {
    const unsigned code = (first & 15U) << 12 | (at(1) & 63U) << 6 | (at(2) & 63U);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code >= 0x800 && !surrogate && code < 0xFFFE ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4 && follows(1) && follows(2) && follows(3)) {
    const unsigned code = (first & 7U) << 18 | (at(1) & 63U) << 12 | (at(2) & 63U) << 6 | (at(3) & 63U);
    return code >= 0x10000 && code <= 0x10FFFF ? 4 : 0;
  }
  return 0;
}

std::string_view escape_of(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    // A bare carriage return would be read back as a line feed.
    case '\r': return "&#13;";
    default: return {};
  }
}

/// Text that stands for itself: nearly all of what is written.
bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '&' && c != '<' && c != '>' && c != '"';
}

void append_escaped(std::string& out, std::string_view text) {
  for (;;) {
    const auto plain = std::ranges::find_if_not(text, is_plain) - text.begin();
    out += text.substr(0, static_cast<std::size_t>(plain));
    text.remove_prefix(static_cast<std::size_t>(plain));
    if (text.empty()) return;
    const auto length = valid_sequence(text);
    const auto escape = length == 1 ? escape_of(text.front()) : std::string_view();
    if (length == 0)
      out += k_replacement;
    else if (!escape.empty())
      out += escape;
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

std::string_view local_name(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node node_of(pugi::xml_node_struct* node) {
  return pugi::xml_node(node);
}

bool too_deep(const pugi::xml_document& document, std::size_t limit) {
  std::size_t depth = 0;
  pugi::xml_node node = document.first_child();
  while (node) {
    if (depth >= limit) return true;
    if (node.first_child()) {
      node = node.first_child();
      ++depth;
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      if (depth == 0 || node.type() == pugi::node_document) return false;
      --depth;
    }
    node = node.next_sibling();
  }
  return false;
}

}  // namespace

XmlWriter::XmlWriter(bool declaration) {
  if (declaration) out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
}

void XmlWriter::end_tag_start() {
  if (in_start_tag_) out_ += '>';
  in_start_tag_ = false;
}

XmlWriter& XmlWriter::open(std::string_view name) {
  end_tag_start();
  out_ += '<';
  out_ += name;
  open_.emplace_back(name);
  in_start_tag_ = true;
  return *this;
}

XmlWriter& XmlWriter::open(std::string_view name, std::string_view xmlns) {
  return open(name).attribute("xmlns", xmlns);
}

XmlWriter& XmlWriter::attribute(std::string_view name, std::string_view value) {
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  append_escaped(out_, value);
  out_ += '"';
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view text) {
  end_tag_start();
  append_escaped(out_, text);
  return *this;
}

XmlWriter& XmlWriter::close() {
  if (in_start_tag_) {
    out_ += "/>";
  } else {
    out_ += "</";
    out_ += open_.back();
    out_ += '>';
  }
  in_start_tag_ = false;
  open_.pop_back();
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view text) {
  open(name);
  if (!text.empty()) this->text(text);
  return close();
}

XmlWriter& XmlWriter::element(std::string_view name, long long number) {
  return element(name, std::string_view(fmt::format("{}", number)));
}

XmlWriter& XmlWriter::element(std::string_view name, bool value) {
  return element(name, std::string_view(value ? "true" : "false"));
}

XmlWriter& XmlWriter::raw(std::string_view xml) {
  end_tag_start();
  out_ += xml;
  return *this;
}

std::string XmlWriter::finish() {
  while (!open_.empty()) close();
  return std::move(out_);
}

std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_escaped(out, text);
  return out;
}

std::string_view XmlNode::name() const {
  return local_name(node_of(node_).name());
}

std::string XmlNode::text() const {
  std::string out;
  for (const auto& child : node_of(node_).children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) out += child.value();
  }
  return out;
}

XmlNode XmlNode::child(std::string_view name) const {
  for (const auto& child : node_of(node_).children()) {
    if (child.type() == pugi::node_element && local_name(child.name()) == name) return XmlNode(child.internal_object());
  }
  return {};
}

std::vector<XmlNode> XmlNode::children(std::string_view name) const {
  std::vector<XmlNode> out;
  for (const auto& child : node_of(node_).children()) {
    if (child.type() != pugi::node_element) continue;
    if (name.empty() || local_name(child.name()) == name) out.emplace_back(child.internal_object());
  }
  return out;
}

std::optional<std::string> XmlNode::attribute(std::string_view name) const {
  for (const auto& attribute : node_of(node_).attributes()) {
    if (local_name(attribute.name()) == name) return attribute.value();
  }
  return std::nullopt;
}

XmlDocument::XmlDocument(std::unique_ptr<pugi::xml_document> document) : document_(std::move(document)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Result<XmlDocument> XmlDocument::parse(std::string_view text, XmlLimits limits) {
  if (text.size() > limits.bytes) return fail(ErrorKind::protocol, "XML document is too long");
  auto document = std::make_unique<pugi::xml_document>();
  // With parse_doctype a document type becomes a node, so that it can be refused instead of skipped.
  const auto flags = pugi::parse_default | pugi::parse_doctype | pugi::parse_ws_pcdata_single;
  const auto result = document->load_buffer(text.data(), text.size(), flags, pugi::encoding_utf8);
  if (!result) {
    return fail(ErrorKind::protocol,
                fmt::format("XML is not well formed: {} at byte {}", result.description(), result.offset));
  }
  for (const auto& child : document->children()) {
    if (child.type() == pugi::node_doctype) return fail(ErrorKind::protocol, "XML document type is not allowed");
  }
  const auto root = document->document_element();
  if (!root) return fail(ErrorKind::protocol, "XML document without an element");
  if (too_deep(*document, limits.depth)) return fail(ErrorKind::protocol, "XML is nested too deeply");
  return XmlDocument(std::move(document));
}

XmlNode XmlDocument::root() const {
  return XmlNode(document_->document_element().internal_object());
}

}  // namespace sortie::wire
