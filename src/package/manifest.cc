#include "package/manifest.h"

#include <boost/json.hpp>

namespace sortie::package {
namespace {

namespace json = boost::json;

constexpr int k_version = 1;
constexpr std::size_t k_size_limit = 1 << 20;

Result<std::string> text_of(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  if (!value || !value->is_string()) return fail(ErrorKind::config, "the manifest lacks " + std::string(key));
  return std::string(value->get_string());
}

Result<const json::array*> array_of(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  if (!value || !value->is_array()) return fail(ErrorKind::config, "the manifest lacks " + std::string(key));
  return &value->get_array();
}

Result<Manifest::Suite> decode_suite(const json::value& value) {
  if (!value.is_object()) return fail(ErrorKind::config, "a suite of the manifest is not an object");
  Manifest::Suite suite;
  ASSIGN_OR_RETURN(suite.name, text_of(value.get_object(), "name"));
  ASSIGN_OR_RETURN(suite.executable, text_of(value.get_object(), "executable"));
  ASSIGN_OR_RETURN(suite.sha256, text_of(value.get_object(), "sha256"));
  return suite;
}

}  // namespace

std::string encode(const Manifest& manifest) {
  json::array suites;
  for (const Manifest::Suite& suite : manifest.suites)
    suites.push_back({{"name", suite.name}, {"executable", suite.executable}, {"sha256", suite.sha256}});
  json::array libraries(manifest.libraries.begin(), manifest.libraries.end());
  const json::object object{{"version", k_version},
                            {"architecture", manifest.architecture},
                            {"suites", std::move(suites)},
                            {"libraries", std::move(libraries)},
                            {"own_glibc", manifest.own_glibc}};
  return json::serialize(object) + "\n";
}

Result<Manifest> decode_manifest(std::string_view text) {
  if (text.size() > k_size_limit) return fail(ErrorKind::config, "the manifest is too large");
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return fail(ErrorKind::config, "the manifest is not a JSON object");
  const json::object& object = value.get_object();
  const json::value* const version = object.if_contains("version");
  if (!version || !version->is_int64() || version->get_int64() != k_version)
    return fail(ErrorKind::config, "the manifest is of another version of sortie");
  Manifest manifest;
  ASSIGN_OR_RETURN(manifest.architecture, text_of(object, "architecture"));
  ASSIGN_OR_RETURN(manifest.own_glibc, text_of(object, "own_glibc"));
  ASSIGN_OR_RETURN(const json::array* suites, array_of(object, "suites"));
  for (const json::value& item : *suites) {
    ASSIGN_OR_RETURN(auto suite, decode_suite(item));
    manifest.suites.push_back(std::move(suite));
  }
  ASSIGN_OR_RETURN(const json::array* libraries, array_of(object, "libraries"));
  for (const json::value& item : *libraries) {
    if (!item.is_string()) return fail(ErrorKind::config, "a library of the manifest is not a string");
    manifest.libraries.emplace_back(item.get_string());
  }
  return manifest;
}

}  // namespace sortie::package
