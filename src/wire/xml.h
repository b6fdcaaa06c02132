#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace pugi {
class xml_document;
struct xml_node_struct;
}  // namespace pugi

/// XML as AWS writes and reads it.
namespace sortie::wire {

/// Writes one document, without indentation. Names are trusted, text is escaped; characters that XML 1.0 cannot carry
/// become U+FFFD (S3 callers avoid them with `encoding-type=url`).
class XmlWriter {
 public:
  /// Starts with `<?xml version="1.0" encoding="UTF-8"?>` and a newline when asked for.
  explicit XmlWriter(bool declaration = true);

  XmlWriter& open(std::string_view name);
  /// `<name xmlns="…">`
  XmlWriter& open(std::string_view name, std::string_view xmlns);
  /// Adds an attribute to the element just opened.
  XmlWriter& attribute(std::string_view name, std::string_view value);
  XmlWriter& text(std::string_view text);
  XmlWriter& close();
  /// `<name>text</name>`
  XmlWriter& element(std::string_view name, std::string_view text);
  XmlWriter& element(std::string_view name, const char* text) { return element(name, std::string_view(text)); }
  XmlWriter& element(std::string_view name, long long number);
  XmlWriter& element(std::string_view name, bool value);
  /// Already formed XML, as it is.
  XmlWriter& raw(std::string_view xml);
  /// Closes what is open and gives the document.
  [[nodiscard]] std::string finish();

 private:
  void end_tag_start();
  std::string out_;
  std::vector<std::string> open_;
  bool in_start_tag_ = false;
};

std::string xml_escape(std::string_view text);

/// An element of a read document; valid as long as its XmlDocument. Names are local names, prefixes are ignored.
class XmlNode {
 public:
  XmlNode() = default;
  explicit XmlNode(pugi::xml_node_struct* node) : node_(node) {}

  explicit operator bool() const { return node_ != nullptr; }
  [[nodiscard]] std::string_view name() const;
  /// All text directly inside, empty for no node.
  [[nodiscard]] std::string text() const;
  /// First child element of that name; a null node when there is none. Works on null nodes, so that paths can be
  /// chained.
  [[nodiscard]] XmlNode child(std::string_view name) const;
  /// Child elements of that name, all for an empty name.
  [[nodiscard]] std::vector<XmlNode> children(std::string_view name = {}) const;
  [[nodiscard]] std::optional<std::string> attribute(std::string_view name) const;
  /// Text of the child of that name, empty when there is none.
  [[nodiscard]] std::string child_text(std::string_view name) const { return child(name).text(); }

 private:
  pugi::xml_node_struct* node_ = nullptr;
};

struct XmlLimits {
  std::size_t bytes = 8 * 1024 * 1024;
  std::size_t depth = 64;
};

/// A read document.
class XmlDocument {
 public:
  /// No document type, no entities but XML's own five and character references. ErrorKind::protocol for what is not
  /// well formed or past the limits.
  static Result<XmlDocument> parse(std::string_view text, XmlLimits limits = {});
  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  ~XmlDocument();

  [[nodiscard]] XmlNode root() const;

 private:
  explicit XmlDocument(std::unique_ptr<pugi::xml_document> document);
  std::unique_ptr<pugi::xml_document> document_;
};

}  // namespace sortie::wire
