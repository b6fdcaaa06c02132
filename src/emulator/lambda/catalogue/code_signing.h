#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emulator/core/sql.h"
#include "emulator/core/store.h"

/// Code signing configurations: who may sign the packages of functions.
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
namespace sortie::emulator::lambda {

/// A value.
struct CodeSigningConfig {
  std::string region;
  std::string id;  ///< `csc-` and 17 characters
  std::string arn;
  std::string description;
  std::vector<std::string> publishers;  ///< ARNs of signing profile versions
  std::string policy = "Warn";          ///< what happens to a package that is not signed by one of them: or `Enforce`
  std::string last_modified;
  std::map<std::string, std::string> tags;
};

/// What AWS shows: `CodeSigningConfig`.
boost::json::object code_signing_document(const CodeSigningConfig& config);
/// `csc-` and 17 random characters.
std::string make_code_signing_id();

/// All of them: in memory, and in the store. Every change is committed before it returns. io_context thread only.
class CodeSigningRegistry {
 public:
  explicit CodeSigningRegistry(Store& store);

  [[nodiscard]] CodeSigningConfig* find(const std::string& arn);
  /// Adds or changes.
  CodeSigningConfig& save(const CodeSigningConfig& config);
  void erase(const std::string& arn);
  void close() { statements_.reset(); }
  [[nodiscard]] const std::map<std::string, CodeSigningConfig>& all() const { return configs_; }

 private:
  std::optional<Statements> statements_;
  std::map<std::string, CodeSigningConfig> configs_;  ///< by ARN
};

}  // namespace sortie::emulator::lambda
