#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"
#include "emulator/lambda/catalogue/function.h"

/// Layers: versions of a package that functions have in /opt.
/// https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
namespace sortie::emulator::lambda {

/// At most so many layers in a function.
inline constexpr std::size_t k_layer_limit = 5;

/// A layer as one request means it: by name or ARN, with a version or without.
struct LayerRef {
  std::string region;
  std::string account;
  std::string name;
  std::optional<int> version;

  /// `arn:aws:lambda:R:A:layer:NAME`, with the version when there is one.
  [[nodiscard]] std::string arn() const;
};
/// `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`, or without a version. Nothing for anything else.
std::optional<LayerRef> parse_layer_arn(std::string_view text);

/// One published version. A value.
struct LayerVersion {
  int number = 0;
  std::string description;
  std::string license;
  std::string created;  ///< `2018-11-27T15:10:45.123+0000`
  std::string code_id;
  std::string code_sha256;  ///< base64
  std::uint64_t code_size = 0;
  std::vector<std::string> runtimes;
  std::vector<std::string> architectures;
  Policy policy;
};

struct Layer {
  std::string region;
  std::string account;
  std::string name;
  int last_version = 0;  ///< numbers are not used again, even when all versions are deleted
  std::map<int, LayerVersion> versions;

  [[nodiscard]] LayerRef ref(std::optional<int> version = std::nullopt) const {
    return {region, account, name, version};
  }
};

/// What AWS shows of a version, in lists and, without its content, elsewhere.
boost::json::object layer_version_document(const Layer& layer, const LayerVersion& version);

/// The layers that a function asks for, checked as AWS checks them: form, number, region, and no layer twice. Not
/// whether they are there.
AwsResult<std::vector<LayerRef>> read_layer_list(const boost::json::array& arns, const std::string& region);

/// All layers: in memory, and in the store. Every change is committed before it returns. io_context thread only.
class LayerRegistry {
 public:
  explicit LayerRegistry(Store& store);

  using Key = std::pair<std::string, std::string>;  ///< region, name

  [[nodiscard]] Layer* find(const std::string& region, const std::string& name);
  [[nodiscard]] LayerVersion* find(const LayerRef& ref);
  /// The layer, made when there is none. Not saved.
  Layer& at(const LayerRef& ref);
  void save(const Layer& layer);
  void close() { statements_.reset(); }
  [[nodiscard]] const std::map<Key, Layer>& all() const { return layers_; }

 private:
  std::optional<Statements> statements_;
  std::map<Key, Layer> layers_;
};

}  // namespace sortie::emulator::lambda
