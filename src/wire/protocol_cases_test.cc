// The published protocol cases of AWS's SDKs, held against our readers and writers: what a client of AWS sends is read
// as what it meant, and what we write is what a client reads.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/json.h"
#include "wire/query_protocol.h"
#include "wire/xml.h"

namespace sortie::wire {
namespace {

namespace fs = std::filesystem;

fs::path cases_folder() {
  const char* given = std::getenv("SORTIE_REFERENCE");
  const fs::path base =
      given != nullptr ? fs::path(given) : fs::path(__FILE__).parent_path() / "../../../shared/reference";
  return base / "protocol-tests";
}

json::array read_suites(const std::string& name) {
  std::ifstream file(cases_folder() / (name + ".json"));
  std::stringstream text;
  text << file.rdbuf();
  return json::parse(text.str()).as_array();
}

/// A member of a shape, with what the member and the shape behind it say.
struct Shape {
  const json::object& shapes;
  const json::object reference;
  json::object traits;

  Shape(const json::object& all, const json::object& of) : shapes(all), reference(of), traits(of) {
    if (const auto* name = of.if_contains("shape")) {
      for (const auto& [key, value] : all.at(name->as_string()).as_object()) traits.emplace(key, value);
    }
  }
  [[nodiscard]] std::string_view type() const { return traits.at("type").as_string(); }
  [[nodiscard]] bool is(std::string_view trait) const { return bool_or(traits, trait); }
  [[nodiscard]] std::string text(std::string_view trait, std::string_view fallback = {}) const {
    return string_or(traits, trait, fallback);
  }
  [[nodiscard]] Shape member(std::string_view name) const { return {shapes, traits.at(name).as_object()}; }
  [[nodiscard]] bool in_body() const { return !traits.contains("location") || text("location") == ""; }
  /// What a member is called on the wire. A shape's own name is for where it is a root.
  [[nodiscard]] std::string name_or(std::string_view own) const { return string_or(reference, "locationName", own); }
  /// The query protocol calls a flattened list like its members.
  [[nodiscard]] std::string query_name_or(std::string_view own) const {
    if (!is("flattened") || type() != "list") return name_or(own);
    const std::string of_member = member("member").text("locationName");
    return name_or(of_member.empty() ? own : std::string_view(of_member));
  }
};

json::value scalar(const std::string& text, const Shape& shape) {
  const std::string_view type = shape.type();
  if (type == "boolean") return text == "true";
  if (type == "timestamp") {
    const auto time = parse_timestamp(text);
    return time ? json::value(static_cast<double>(time->time_since_epoch().count()) / 1000)
                : json::value("no time: " + text);
  }
  if (type == "blob") return json::value(base64_decode(text).value_or("no base64: " + text));
  if (type == "string" || type == "character") return json::value(text);
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return std::isfinite(number) ? json::value(number) : json::value(text);
}

/// Numbers as doubles, and what is only a client's default left out.
json::value plain(const json::value& value) {
  if (const auto* object = value.if_object()) {
    json::object result;
    for (const auto& [name, member] : *object) {
      if (!member.is_null()) result[name] = plain(member);
    }
    return result;
  }
  if (const auto* array = value.if_array()) {
    json::array result;
    for (const auto& member : *array) result.push_back(plain(member));
    return result;
  }
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  return value;
}

// Query -------------------------------------------------------------------------------------------------------------

json::value read_query(const QueryInput& input, const std::string& name, const Shape& shape);

json::object read_query_members(const QueryInput& input, const Shape& shape) {
  json::object result;
  for (const auto& [name, of] : shape.traits.at("members").as_object()) {
    const Shape member(shape.shapes, of.as_object());
    const std::string path = member.query_name_or(name);
    if (input.contains(path)) result[name] = read_query(input, path, member);
  }
  return result;
}

json::value read_query_map(const QueryInput& input, const std::string& name, const Shape& shape) {
  const std::string key = shape.member("key").text("locationName", "key");
  const std::string value = shape.member("value").text("locationName", "value");
  const QueryInput entries = shape.is("flattened") ? input.structure(name) : input.structure(name).structure("entry");
  json::object result;
  for (int n = 1; entries.contains(std::to_string(n)); ++n) {
    const QueryInput entry = entries.structure(std::to_string(n));
    result[std::string(entry.get_or(key, ""))] = read_query(entry, value, shape.member("value"));
  }
  return result;
}

json::value read_query(const QueryInput& input, const std::string& name, const Shape& shape) {
  if (shape.type() == "structure") return read_query_members(input.structure(name), shape);
  if (shape.type() == "map") return read_query_map(input, name, shape);
  if (shape.type() != "list") return scalar(std::string(input.get_or(name, "")), shape);
  const Shape member = shape.member("member");
  const QueryInput list = shape.is("flattened")
                              ? input.structure(name)
                              : input.structure(name).structure(member.text("locationName", "member"));
  json::array result;
  for (int n = 1; list.contains(std::to_string(n)); ++n) result.push_back(read_query(list, std::to_string(n), member));
  return result;
}

// XML ---------------------------------------------------------------------------------------------------------------

std::string local(const std::string& name) {
  return name.substr(name.find(':') + 1);
}

json::value read_xml(const XmlNode& node, const Shape& shape);

json::value read_xml_list(const std::vector<XmlNode>& nodes, const Shape& shape) {
  json::array result;
  for (const XmlNode& node : nodes) result.push_back(read_xml(node, shape.member("member")));
  return result;
}

json::value read_xml_map(const std::vector<XmlNode>& entries, const Shape& shape) {
  const std::string key = shape.member("key").text("locationName", "key");
  const std::string value = shape.member("value").text("locationName", "value");
  json::object result;
  for (const XmlNode& entry : entries)
    result[entry.child_text(key)] = read_xml(entry.child(value), shape.member("value"));
  return result;
}

json::object read_xml_members(const XmlNode& node, const Shape& shape) {
  json::object result;
  for (const auto& [name, of] : shape.traits.at("members").as_object()) {
    const Shape member(shape.shapes, of.as_object());
    if (!member.in_body()) continue;
    const std::string path = member.name_or(name);
    if (member.is("xmlAttribute")) {
      if (const auto value = node.attribute(local(path))) result[name] = scalar(*value, member);
      continue;
    }
    if (!node.child(path)) continue;
    const bool flat = member.is("flattened");
    if (flat && member.type() == "list") {
      result[name] = read_xml_list(node.children(path), member);
    } else if (flat && member.type() == "map") {
      result[name] = read_xml_map(node.children(path), member);
    } else {
      result[name] = read_xml(node.child(path), member);
    }
  }
  return result;
}

json::value read_xml(const XmlNode& node, const Shape& shape) {
  if (shape.type() == "structure") return read_xml_members(node, shape);
  if (shape.type() == "list") {
    return read_xml_list(node.children(shape.member("member").text("locationName", "member")), shape);
  }
  if (shape.type() == "map") return read_xml_map(node.children("entry"), shape);
  return scalar(node.text(), shape);
}

void write_xml(XmlWriter& xml, const std::string& name, const Shape& shape, const json::value& value);

std::string written(const Shape& shape, const json::value& value) {
  if (shape.type() == "boolean") return value.as_bool() ? "true" : "false";
  if (shape.type() == "blob") return base64_encode(std::string(value.as_string()));
  if (shape.type() == "timestamp") {
    const SystemTime time(std::chrono::milliseconds(std::llround(value.to_number<double>() * 1000)));
    return shape.text("timestampFormat") == "rfc822" ? format_http_date(time) : format_iso8601_millis(time);
  }
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

void write_entry(XmlWriter& xml, const std::string& name, const Shape& shape, std::string_view key,
                 const json::value& value) {
  xml.open(name).element(shape.member("key").text("locationName", "key"), key);
  write_xml(xml, shape.member("value").text("locationName", "value"), shape.member("value"), value);
  xml.close();
}

void write_members(XmlWriter& xml, const Shape& shape, const json::object& value) {
  const json::object& members = shape.traits.at("members").as_object();
  for (const auto& [name, one] : value) {
    const Shape member(shape.shapes, members.at(name).as_object());
    if (member.is("xmlAttribute")) xml.attribute(member.name_or(name), written(member, one));
  }
  for (const auto& [name, one] : value) {
    const Shape member(shape.shapes, members.at(name).as_object());
    if (member.is("xmlAttribute") || !member.in_body()) continue;
    const std::string path = member.name_or(name);
    if (member.is("flattened") && member.type() == "list") {
      for (const auto& item : one.as_array()) write_xml(xml, path, member.member("member"), item);
    } else if (member.is("flattened") && member.type() == "map") {
      for (const auto& [key, item] : one.as_object()) write_entry(xml, path, member, key, item);
    } else {
      write_xml(xml, path, member, one);
    }
  }
}

void write_xml(XmlWriter& xml, const std::string& name, const Shape& shape, const json::value& value) {
  if (shape.type() == "structure") {
    xml.open(name);
    if (const auto* space = shape.traits.if_contains("xmlNamespace"); space != nullptr && space->is_object()) {
      if (space->as_object().contains("prefix")) {
        xml.attribute("xmlns:" + string_or(space->as_object(), "prefix"), string_or(space->as_object(), "uri"));
      }
    }
    write_members(xml, shape, value.as_object());
    xml.close();
  } else if (shape.type() == "list") {
    xml.open(name);
    const std::string member = shape.member("member").text("locationName", "member");
    for (const auto& item : value.as_array()) write_xml(xml, member, shape.member("member"), item);
    xml.close();
  } else if (shape.type() == "map") {
    xml.open(name);
    for (const auto& [key, item] : value.as_object()) write_entry(xml, "entry", shape, key, item);
    xml.close();
  } else {
    xml.element(name, written(shape, value));
  }
}

/// The members of `value` that travel in the body.
json::object body_members(const Shape& shape, const json::object& value) {
  json::object result;
  for (const auto& [name, member] : value) {
    if (shape.traits.at("members").as_object().contains(name) && shape.member("members").traits.contains(name)) {
      if (Shape(shape.shapes, shape.traits.at("members").at(name).as_object()).in_body()) result[name] = member;
    }
  }
  return result;
}

class ProtocolCases : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(cases_folder()))
      GTEST_SKIP() << "the protocol cases are not here (SORTIE_REFERENCE names their folder)";
  }
};

TEST_F(ProtocolCases, QueryInput) {
  int compared = 0;
  for (const auto& suite : read_suites("input-query")) {
    const json::object& shapes = suite.at("shapes").as_object();
    for (const auto& one : suite.at("cases").as_array()) {
      const auto* body = one.at("serialized").as_object().if_contains("body");
      if (body == nullptr || !one.at("given").as_object().contains("input")) continue;
      const auto input = QueryInput::parse(body->as_string());
      ASSERT_TRUE(input) << body->as_string();
      const Shape shape(shapes, one.at("given").at("input").as_object());
      json::object read = read_query_members(*input, shape);
      json::object meant = one.at("params").as_object();
      if (meant.empty()) read.clear();  // a client fills idempotency tokens by itself
      for (const auto& [name, value] : one.at("params").as_object()) {
        if (value == json::object()) meant.erase(name);  // an empty map is not sent
      }
      EXPECT_EQ(plain(read), plain(meant)) << body->as_string();
      ++compared;
    }
  }
  EXPECT_GT(compared, 20);
}

TEST_F(ProtocolCases, XmlInput) {
  int compared = 0;
  for (const auto& suite : read_suites("input-rest-xml")) {
    const json::object& shapes = suite.at("shapes").as_object();
    for (const auto& one : suite.at("cases").as_array()) {
      const auto* body = one.at("serialized").as_object().if_contains("body");
      if (body == nullptr || !body->is_string() || !body->as_string().starts_with("<")) continue;
      const auto document = XmlDocument::parse(body->as_string());
      ASSERT_TRUE(document) << body->as_string();
      const Shape shape(shapes, one.at("given").at("input").as_object());
      const std::string payload = shape.text("payload");
      const json::object& params = one.at("params").as_object();
      const Shape read_as = payload.empty() ? shape
                            : shape.member("members").traits.contains(payload)
                                ? Shape(shapes, shape.traits.at("members").at(payload).as_object())
                                : shape;
      const json::value meant = payload.empty() ? json::value(body_members(shape, params)) : params.at(payload);
      EXPECT_EQ(plain(read_xml(document->root(), read_as)), plain(meant)) << body->as_string();
      ++compared;
    }
  }
  EXPECT_GT(compared, 20);
}

/// The element that the query protocol wraps a result in.
XmlNode result_of(const XmlNode& root) {
  for (const XmlNode& child : root.children()) {
    if (child.name().ends_with("Result")) return child;
  }
  return {};
}

/// What is recorded of services is read as what it says, and what we write of the same is read so too.
void compare_output(const std::string& name, bool in_wrapper, int least) {
  int compared = 0;
  for (const auto& suite : read_suites(name)) {
    const json::object& shapes = suite.at("shapes").as_object();
    for (const auto& one : suite.at("cases").as_array()) {
      const json::object& response = one.at("response").as_object();
      const std::string body = string_or(response, "body");
      if (!body.starts_with('<') || !one.as_object().contains("result") || one.as_object().contains("errorCode"))
        continue;
      const Shape output(shapes, one.at("given").at("output").as_object());
      const std::string payload = output.text("payload");
      const Shape shape = payload.empty() ? output : Shape(shapes, output.traits.at("members").at(payload).as_object());
      if (shape.type() != "structure") continue;
      const json::object& result = one.at("result").as_object();
      if (!payload.empty() && !result.contains(payload)) continue;
      const json::value meant = payload.empty() ? json::value(body_members(output, result)) : result.at(payload);
      const auto document = XmlDocument::parse(body);
      ASSERT_TRUE(document) << body;
      const XmlNode root = in_wrapper ? result_of(document->root()) : document->root();
      EXPECT_EQ(plain(read_xml(root, shape)), plain(meant)) << body;
      XmlWriter xml;
      write_xml(xml, "Answer", shape, meant);
      const std::string ours = xml.finish();
      const auto again = XmlDocument::parse(ours);
      ASSERT_TRUE(again) << ours;
      EXPECT_EQ(plain(read_xml(again->root(), shape)), plain(meant)) << ours;
      ++compared;
    }
  }
  EXPECT_GT(compared, least);
}

TEST_F(ProtocolCases, XmlOutput) {
  compare_output("output-rest-xml", false, 20);
}

TEST_F(ProtocolCases, QueryOutput) {
  compare_output("output-query", true, 10);
}

TEST_F(ProtocolCases, JsonIsReadAsWritten) {
  int read = 0;
  for (const auto* name : {"input-json", "input-rest-json", "output-json", "output-rest-json"}) {
    const bool input = std::string_view(name).starts_with("input");
    for (const auto& suite : read_suites(name)) {
      for (const auto& one : suite.at("cases").as_array()) {
        const std::string body = string_or(one.at(input ? "serialized" : "response").as_object(), "body");
        if (!body.starts_with('{')) continue;
        const auto parsed = parse_json(body);
        ASSERT_TRUE(parsed) << body;
        const auto again = parse_json(json::serialize(*parsed));
        EXPECT_EQ(*again, *parsed) << body;
        ++read;
      }
    }
  }
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace sortie::wire
